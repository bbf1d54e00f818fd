# The chores by name; each is a script of its own.
.PHONY: dev run test check bench

dev:
	scripts/serve --demo

run:
	scripts/serve

test:
	scripts/test

check:
	scripts/test tests/unit

bench:
	.venv/bin/python -m bench.put
	.venv/bin/python -m bench.stream

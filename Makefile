# The chores by name.
.PHONY: dev run test check bench

dev:
	scripts/serve --demo

run:
	scripts/serve

test:
	scripts/test

check:
	scripts/test tests/unit
	.venv/bin/ruff check . && .venv/bin/ruff format --check .
	.venv/bin/mypy && .venv/bin/lint-imports

bench:
	.venv/bin/python -m bench

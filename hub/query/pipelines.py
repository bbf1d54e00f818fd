"""Whole pipelines, each stage knowing what the stages before it left behind."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hub.query.flow import Flow
from hub.query.forms import Here
from hub.query.names import check_name
from hub.query.refusal import Path, bad, over
from hub.query.stages import ADDING, CHECKS
from hub.query.tables import STAGES
from hub.query.walk import Walk


class Pipelines:
    """Checks one pipeline and the branches in it, which share one count of stages."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._count = 0

    def check(self, stages: Any, path: Path, flow: Flow) -> Flow:
        """Check a pipeline; returns the flow at its end."""
        if type(stages) is not list:
            raise bad("a pipeline must be an array of stages", path)
        self._count += len(stages)
        if self._count > self._walk.limits.stages_max:
            raise over("stages_max", self._walk.limits.stages_max, path)
        for at, stage in enumerate(stages):
            flow = self._stage(stage, (path, at), flow)
        if flow.pending:
            raise bad("$unwind needs a group after it", path, "$unwind")
        return flow

    def _stage(self, stage: Any, path: Path, flow: Flow) -> Flow:
        if type(stage) is not dict or len(stage) != 1:
            raise _no_stage(stage, path)
        ((name, operand),) = stage.items()
        here = (path, name)
        self._walk.judge(STAGES.get(name), name, here)
        if name == "$facet":
            return self._facet(operand, here, flow)
        left = CHECKS[name](self._walk, operand, here, flow)
        self._walk.run()
        growth = flow.growth * self._walk.settle(keeps=name in ADDING)
        if growth > self._walk.limits.growth_max:
            raise over("growth_max", self._walk.limits.growth_max, here, name)
        return replace(left, growth=growth)

    def _facet(self, branches: Any, here: Here, flow: Flow) -> Flow:
        """The branches one by one; a branch holds no ``$facet``, so this goes one level deep."""
        if flow.branch:
            raise bad("$facet must not stand inside $facet", here, "$facet")
        if type(branches) is not dict or not branches:
            raise bad("$facet takes an object of pipelines, one or more", here, "$facet")
        if len(branches) > self._walk.limits.facet_branches_max:
            raise over("facet_branches_max", self._walk.limits.facet_branches_max, here, "$facet")
        growth = 0
        for name, stages in branches.items():
            place = (here, name)
            check_name(name, place)
            if stages == []:
                raise bad("a branch of $facet takes one stage or more", place, "$facet")
            growth += self.check(stages, place, replace(flow, branch=True)).growth
        if growth > self._walk.limits.growth_max:
            raise over("growth_max", self._walk.limits.growth_max, here, "$facet")
        return replace(flow.grouped(1), growth=growth)


def _no_stage(stage: Any, path: Path) -> Exception:
    names = [key for key in stage if key not in CHECKS] if type(stage) is dict else []
    operator = next((key for key in names if key.startswith("$")), None)
    return bad("a stage is an object with one operator", path, operator)

"""The sections `lines`, `zones` and `tracker` of a camera: the rules of edge.core in the words of an operator.

Every default is taken from edge.core.rules; this module adds ranges, units and descriptions, and refuses shapes that
cannot be counted with.
"""

from __future__ import annotations

from pydantic import Field, ValidationInfo, field_validator

from edge.config.section import Corner, Section, unit
from edge.config.shapes import inside_fault, line_fault, polygon_fault
from edge.core.message import Name
from edge.core.rules import Anchor, LineRule, TrackerRule, ZoneRule

_BOX_HEIGHTS = unit("box heights")
_S = unit("s")
_MAX_CORNERS = 64


class Line(Section):
    """A counting line (semantics: docs, line crossing)."""

    name: Name = Field(description="Unique among the lines and zones of the device; it becomes part of the topic.")
    points: tuple[Corner, ...] = Field(
        min_length=2,
        max_length=_MAX_CORNERS,
        description="Corners [x, y] of the line; 0, 0 is the upper left of the picture.",
    )
    inside: Corner = Field(description="Any point on the inner side: a crossing towards it is IN.")
    anchor: Anchor = Field(LineRule.anchor, description="The point of a person's box that has to cross.")
    band: float = Field(
        LineRule.band, ge=0.0, le=1.0, json_schema_extra=_BOX_HEIGHTS, description="Half width of the undecided strip."
    )
    settle_s: float = Field(
        LineRule.settle_s, ge=0.0, le=10.0, json_schema_extra=_S, description="How long a side holds before it counts."
    )
    lost_s: float = Field(
        LineRule.lost_s, ge=0.0, le=30.0, json_schema_extra=_S, description="How long a hidden person keeps the side."
    )
    rejoin_s: float = Field(
        LineRule.rejoin_s,
        ge=0.0,
        le=10.0,
        json_schema_extra=_S,
        description="How soon after a person was lost at the line another one may be taken for the same.",
    )
    uturn_s: float = Field(
        LineRule.uturn_s,
        ge=0.0,
        le=300.0,
        json_schema_extra=_S,
        description="Opposite crossings of one person within this time cancel each other.",
    )
    min_obs: int = Field(
        LineRule.min_obs,
        ge=1,
        le=100,
        json_schema_extra=unit("pictures"),
        description="Whoever is seen in fewer pictures is taken for noise.",
    )

    staff: bool = Field(LineRule.staff, description="true: only staff use it; its crossings are no visitors.")

    @field_validator("points")
    @classmethod
    def _sound(cls, points: tuple[Corner, ...]) -> tuple[Corner, ...]:
        if fault := line_fault(points):
            raise ValueError(fault)
        return points

    @field_validator("inside")
    @classmethod
    def _beside(cls, inside: Corner, others: ValidationInfo) -> Corner:
        if "points" in others.data and (fault := inside_fault(others.data["points"], inside)):
            raise ValueError(fault)
        return inside

    def rule(self) -> LineRule:
        """The same for edge.core."""
        return LineRule(**dict(self))


class Zone(Section):
    """A display zone (semantics: docs, dwell)."""

    name: Name = Field(description="Unique among the lines and zones of the device; it becomes part of the topic.")
    polygon: tuple[Corner, ...] = Field(
        min_length=3,
        max_length=_MAX_CORNERS,
        description="Corners [x, y] on the floor, in order; 0, 0 is the upper left of the picture.",
    )
    band: float = Field(
        ZoneRule.band,
        ge=0.0,
        le=1.0,
        json_schema_extra=_BOX_HEIGHTS,
        description="How far beyond the edge a visitor has to be to have left.",
    )
    enter_s: float = Field(
        ZoneRule.enter_s, ge=0.0, le=60.0, json_schema_extra=_S, description="Time inside that opens a visit."
    )
    exit_s: float = Field(
        ZoneRule.exit_s, ge=0.0, le=60.0, json_schema_extra=_S, description="Time outside that closes it."
    )
    lost_s: float = Field(
        ZoneRule.lost_s, ge=0.0, le=60.0, json_schema_extra=_S, description="Time unseen that closes it as lost."
    )
    return_s: float = Field(
        ZoneRule.return_s, ge=0.0, le=600.0, json_schema_extra=_S, description="Back within this time: the same visit."
    )
    stitch_s: float = Field(
        ZoneRule.stitch_s,
        ge=0.0,
        le=60.0,
        json_schema_extra=_S,
        description="How soon after a person was lost in the zone another one beside goes on with the visit.",
    )
    stop_s: float = Field(
        ZoneRule.stop_s, ge=0.0, le=3600.0, json_schema_extra=_S, description="Shorter visits are passes."
    )
    engaged_s: float = Field(
        ZoneRule.engaged_s,
        ge=0.0,
        le=3600.0,
        validate_default=True,
        json_schema_extra=_S,
        description="Visits from here on are engaged; more than stop_s.",
    )
    max_s: float = Field(
        ZoneRule.max_s,
        ge=1.0,
        le=86400.0,
        validate_default=True,
        json_schema_extra=_S,
        description="Longer than any shopper stays (staff, a mannequin); at least engaged_s.",
    )

    staff: bool = Field(ZoneRule.staff, description="true: only staff stay in it; they are no visitors from then on.")

    @field_validator("polygon")
    @classmethod
    def _sound(cls, polygon: tuple[Corner, ...]) -> tuple[Corner, ...]:
        if fault := polygon_fault(polygon):
            raise ValueError(fault)
        return polygon

    @field_validator("engaged_s")
    @classmethod
    def _after_stop(cls, engaged_s: float, others: ValidationInfo) -> float:
        stop_s = others.data.get("stop_s", -1.0)
        if engaged_s <= stop_s:
            raise ValueError(f"expected more than stop_s ({stop_s:g} s), found {engaged_s:g}")
        return engaged_s

    @field_validator("max_s")
    @classmethod
    def _after_engaged(cls, max_s: float, others: ValidationInfo) -> float:
        engaged_s = others.data.get("engaged_s", 0.0)
        if max_s < engaged_s:
            raise ValueError(f"expected at least engaged_s ({engaged_s:g} s), found {max_s:g}")
        return max_s

    def rule(self) -> ZoneRule:
        """The same for edge.core."""
        return ZoneRule(**dict(self))


class Tracker(Section):
    """How boxes become tracks."""

    high_score: float = Field(
        TrackerRule.high_score, ge=0.0, le=1.0, json_schema_extra=unit("score"), description="Starts a track."
    )
    low_score: float = Field(
        TrackerRule.low_score,
        ge=0.0,
        le=1.0,
        validate_default=True,
        json_schema_extra=unit("score"),
        description="May continue a track; at most high_score.",
    )
    lost_s: float = Field(
        TrackerRule.lost_s, ge=0.0, le=30.0, json_schema_extra=_S, description="How long a hidden person is followed."
    )

    @field_validator("low_score")
    @classmethod
    def _below_high(cls, low_score: float, others: ValidationInfo) -> float:
        high_score = others.data.get("high_score", 1.0)
        if low_score > high_score:
            raise ValueError(f"expected at most high_score ({high_score:g}), found {low_score:g}")
        return low_score

    def rule(self) -> TrackerRule:
        """The same for edge.core."""
        return TrackerRule(**dict(self))

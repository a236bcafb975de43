"""What the soak makes of its samples: straight lines through them, a verdict, a page and a picture."""

import dataclasses
import datetime
import html
import math
import statistics
import textwrap

MIB = 1 << 20


@dataclasses.dataclass
class Curve:
    """One thing that is sampled, and how much it may grow: so much of its median, or so much at least."""
    name: str
    unit: str
    share: float
    least: float
    title: str


CURVES = [
    Curve("rss", "MiB", 0.10, 24, "memory (RSS)"),
    Curve("disk", "MiB", 0.10, 128, "data directory"),
    Curve("log", "MiB", 0.10, 128, "log"),
    Curve("p50", "ms", 0.30, 1, "noop call, p50"),
    Curve("p99", "ms", 0.50, 10, "noop call, p99"),
    Curve("files", "", 0.10, 40, "open files"),
    Curve("in_flight", "", 0.20, 30, "work in flight"),
]
LATENCIES = ("p50", "p99")
FEWEST = 6  # samples that a line may be laid through


@dataclasses.dataclass
class Fit:
    curve: Curve
    median: float
    largest: float
    growth: float  # over the whole part that is judged
    limit: float
    deviations: float  # how far the number of pairs that rise is from chance

    @property
    def flat(self):
        return self.growth <= self.limit or self.deviations < 2


def fit(curve, samples):
    points = [(s["time"], s[curve.name]) for s in samples if s[curve.name] is not None]
    if len(points) < FEWEST:
        return None
    median = statistics.median(value for _, value in points)
    # Theil and Sen's line: the median of the slopes between all pairs, which single peaks do not move.
    slopes = [(v2 - v1) / (t2 - t1) for i, (t1, v1) in enumerate(points) for t2, v2 in points[i + 1:]]
    growth = statistics.median(slopes) * (points[-1][0] - points[0][0])
    # Mann and Kendall's test: without a trend as many pairs rise as fall, give or take.
    count = len(points)
    balance = sum((s > 0) - (s < 0) for s in slopes)
    deviations = balance / math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    return Fit(curve, median, max(value for _, value in points), growth,
               max(curve.share * median, curve.least), deviations)


def judged(samples, phase):
    """The samples of a phase after its first quarter, in which caches fill and retentions begin to pass."""
    start, end = phase
    return [s for s in samples if start + (end - start) / 4 <= s["time"] <= end]


def figure(value, unit=""):
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{text} {unit}".rstrip()


# --- The page ---

def paragraph(text):
    return textwrap.fill(" ".join(text.split()), 110, break_long_words=False, break_on_hyphens=False)


def table(fits):
    lines = ["| curve | median | largest | growth | may grow | |", "|---|---|---|---|---|---|"]
    for curve, line in fits:
        if line is None:
            lines.append(f"| {curve.title} | | | | | too few samples |")
            continue
        cells = [curve.title, figure(line.median, curve.unit), figure(line.largest, curve.unit),
                 f"{line.growth:+.3g} {curve.unit}".rstrip(), figure(line.limit, curve.unit),
                 "flat" if line.flat else "GROWS"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


BUSY = """The machine was busy with other work, so latencies are shown and do not count; a run of an hour on a
quiet machine has yet to be made."""


def page(run, phases, problems):
    tables = "\n\n".join(
        f"### {title}\n\n{about}\n\n{table(fits)}" for title, about, fits in phases)
    failures = "".join(f"- {problem}\n" for problem in problems[:50]) + ("\n" if problems else "")
    counts = "\n".join(f"| {kind} | {count:,} |" for kind, count in run["finished"].items())
    tolerances = ", ".join(f"{c.title} {c.share:.0%} or {figure(c.least, c.unit)}" for c in CURVES)
    settings = ", ".join(f"`{key}` = {value}" for key, value in run["settings"].items())
    verdict = "Failed" if problems else "Passed"
    niced = (f' and {run["niced"]:.1f} by programs of the lowest priority, which give way'
             if run["niced"] >= 0.1 else "")
    head = paragraph(f"""{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d}: {run["minutes"]:g} minutes,
        seed {run["seed"]}, {run["rate"]:g} pieces of work a second, {run["kills"]} kills, {run["cpus"]} CPUs,
        {run["others"]:.1f} of them used by other programs{niced}. **{verdict}.** {BUSY if run["busy"] else ""}""")
    account = paragraph(f"""{sum(run["finished"].values()):,} pieces of work, {run["requests"]:,} requests,
        {run["downtime"]:.1f} s in which nobody answered. Every answer is compared with what it must be. A
        request whose answer was cut off is sent again under its idempotency key, so that counters must be
        exactly what was added to them; `add_once` has no key, and its counters must lie between what was
        acknowledged and what was sent. {run["forgotten"]} invocations picked at random were forgotten when
        their retention of {run["retention"]} s was over.""")
    growth = paragraph(f"""A sample every {run["interval"]:g} s; a line (Theil and Sen's) through the last three
        quarters of each part. The run fails when a line rises by more than the larger of a share of the
        curve's median and a fixed amount, and not by chance (Mann and Kendall's test, two deviations):
        {tolerances}. So that an hour turns everything over many times,
        retentions are {run["retention"]} s and the server runs with {settings}.""")
    return f"""# Soak

`scripts/soak` runs the release server for an hour under everything that clients do, kills it every minute,
and looks whether anything is lost, doubled or stuck, and whether anything grows. This page and its picture
are written by it.

{head}

{failures}![The curves of the run](soak.svg)

## Nothing lost, doubled or stuck

{account}

| work | pieces |
|---|---|
{counts}

## Nothing grows

{growth}

{tables}
"""


# --- The picture ---

WIDTH, PANEL, LEFT, RIGHT, TOP = 860, 120, 70, 20, 34
PANELS = [("memory, MiB", ["rss"]), ("disk, MiB", ["disk", "log"]),
          ("noop call, ms (logarithmic)", ["p50", "p99"]), ("open files", ["files"]),
          ("work in flight", ["in_flight"])]
COLOURS = ["#1f6feb", "#c2410c"]


def picture(samples, kills, end):
    parts = []
    plot = WIDTH - LEFT - RIGHT
    x = lambda time: LEFT + plot * time / end
    for row, (title, names) in enumerate(PANELS):
        top = TOP + row * (PANEL + 34)
        scale = (lambda v: math.log10(max(v, 0.1)) + 1) if "logarithmic" in title else (lambda v: v)
        values = [s[name] for s in samples for name in names if s[name] is not None]
        most = max(values, default=1) or 1
        y = lambda value: top + PANEL - PANEL * scale(value) / (scale(most * 1.1) or 1)
        label = f"{html.escape(title)}: " + ", ".join(
            f'<tspan fill="{COLOURS[i]}">{name.replace("_", " ")}</tspan>' for i, name in enumerate(names))
        parts.append(f'<text x="{LEFT}" y="{top - 8}" class="title">{label}</text>')
        for time in kills:
            parts.append(f'<line x1="{x(time):.1f}" x2="{x(time):.1f}" y1="{top}" y2="{top + PANEL}" '
                         'class="kill"/>')
        parts.append(f'<rect x="{LEFT}" y="{top}" width="{plot}" height="{PANEL}" class="frame"/>')
        ticks = [0.1, 1, 10, 100, 1000] if "logarithmic" in title else [0, most / 2, most]
        for tick in (t for t in ticks if t <= most * 1.1):
            parts.append(f'<text x="{LEFT - 6}" y="{y(tick) + 4:.1f}" class="tick" text-anchor="end">'
                         f'{figure(tick)}</text>')
        for i, name in enumerate(names):
            points = " ".join(f"{x(s['time']):.1f},{y(s[name]):.1f}" for s in samples if s[name] is not None)
            parts.append(f'<polyline points="{points}" stroke="{COLOURS[i]}" class="curve"/>')
    bottom = TOP + len(PANELS) * (PANEL + 34) - 20
    for i in range(7):
        time = end * i / 6
        parts.append(f'<text x="{x(time):.1f}" y="{bottom + 4}" class="tick" text-anchor="middle">'
                     f'{time / 60:.3g} min</text>')
    parts.append(f'<text x="{LEFT}" y="{bottom + 22}" class="tick">grey lines: SIGKILL</text>')
    body = "\n".join(parts)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + 34}" font-family="sans-serif">
<style>
.title {{ font-size: 13px; fill: #222 }}
.tick {{ font-size: 11px; fill: #666 }}
.frame {{ fill: none; stroke: #bbb }}
.kill {{ stroke: #ddd }}
.curve {{ fill: none; stroke-width: 1.5 }}
</style>
<rect width="100%" height="100%" fill="#fff"/>
{body}
</svg>
"""

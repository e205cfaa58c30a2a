"""Campaigns of projects whose Makefile stands in for a synthesis: it writes a report, fails, hangs or dies.

What a project does is drawn from its name. Projects hold what says which design they are, and nothing else:
building them in full would take most of the time.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from accelgen.campaign import Plan, read_plan
from accelgen.campaign.space import Job, find_designs
from accelgen.design import Design
from tests.reports.reports import csynth_xml

MOODS = {"fails": 8, "hangs": 1, "dies": 6, "half": 4, "silent": 4, "once": 10}
"""Of a hundred projects; the others write their report. "once" fails at the first try alone.

What hangs is rare, as it takes all of `TIME_LIMIT_S`.
"""

TIME_LIMIT_S = 12
"""Longer than a busy machine may stall one that does not hang."""

ENDS = {
    "fails": "failed",
    "hangs": "timed out",
    "dies": "killed",
    "half": "no report",
    "silent": "no report",
    "once": "done",
    "writes": "done",
}

MAKEFILE = """\
csynth:
	@sh '{folder}/csynth.sh'
"""

SCRIPT = r"""
name=$(basename "$PWD")
draw=$(( 0x$(printf %.4s "$name") % 100 ))
echo $$ >> '{folder}/runs/'"$name"
mkdir -p build/logs build/csynth/top_prj/solution1/syn/report
echo "****** Vitis HLS - High-Level Synthesis from C, C++ and OpenCL v2023.2 (64-bit)" > build/logs/csynth.log
mood=writes
most=0
for entry in {moods}; do
    most=$(( most + ${{entry#*=}} ))
    if [ "$draw" -lt "$most" ]; then mood=${{entry%=*}}; break; fi
done
[ "$mood" = once ] && [ "$(wc -l < '{folder}/runs/'"$name")" -gt 1 ] && mood=writes
report=build/csynth/top_prj/solution1/syn/report/csynth.xml
case $mood in
    fails | once) echo "ERROR: [HLS 200-70] told to fail"; exit 1 ;;
    hangs) sleep 1000 ;;
    dies) kill -KILL $$ ;;
    half) head -c 700 standin.xml > $report ;;
    silent) ;;
    writes) cp standin.xml $report ;;
esac
"""


def mood(job: Job) -> str:
    """What a design's project does."""
    draw = int(job.project[:4], 16) % 100
    for name, share in MOODS.items():
        if draw < share:
            return name
        draw -= share
    return "writes"


def write_plan(path: Path, networks: int, **entries: object) -> Plan:
    """Five designs of each of so many small networks."""
    recipe = {"count": networks, "layers": [1, 2], "sizes": [4, 6], "inputs": 12, "outputs": 4}
    plan = {
        "random_networks": [recipe],
        "parts": ["xc7z020clg400-1"],
        "clocks_ns": [4, 5, 6, 8, 10],
        "time_limit_s": TIME_LIMIT_S,
        "retries": 1,
        **entries,
    }
    path.write_text(json.dumps(plan))  # which is YAML too
    return read_plan(path)


def prepare(plan: Plan, directory: Path, folder: Path) -> tuple[Job, ...]:
    """Put the projects of a campaign into its directory, with stand-ins that note in ``folder`` what runs."""
    (folder / "runs").mkdir(parents=True)
    moods = " ".join(f"{name}={share}" for name, share in MOODS.items())
    (folder / "csynth.sh").write_text(SCRIPT.format(folder=folder, moods=moods))
    networks = directory / "networks"
    networks.mkdir(parents=True)
    jobs = find_designs(plan, networks).jobs
    for job in jobs:
        project = directory / "projects" / job.project
        project.mkdir(parents=True)
        (project / "Makefile").write_text(MAKEFILE.format(folder=folder))
        (project / "design.yaml").write_text(job.design)
        clock_ns = Design.from_yaml(job.design, job.name).clock_ns
        (project / "standin.xml").write_text(csynth_xml().replace(">3.33<", f">{clock_ns:.2f}<"))
        (project / "build.json").write_text('{"layers": [], "adjustments": []}')
        shutil.copy(networks / f"{job.network}.npz", project / "network.npz")
    return jobs


def runs(folder: Path) -> dict[str, list[int]]:
    """The processes that ran for each project."""
    return {path.name: [int(pid) for pid in path.read_text().split()] for path in (folder / "runs").iterdir()}

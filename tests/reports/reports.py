"""Hand-made reports in the form of the tools'."""

from pathlib import Path

RESOURCES = {"LUT": 62, "FF": 60, "DSP": 7, "BRAM_18K": 5, "URAM": 0}


def _elements(values):
    return "".join(f"<{name}>{value}</{name}>" for name, value in values.items())


def csynth_xml(
    name="top", resources=None, latency=(54, 55), interval=(2, 3), vitis=True, version="2021.1", modules=""
):
    """The report of one function; ``modules`` is what `csynth_module` gives of the others."""
    cycles = _elements({"Best-caseLatency": latency[0], "Worst-caseLatency": latency[1]})
    cycles += _elements({"Interval-min": interval[0], "Interval-max": interval[1]})
    user = {
        "unit": "ns",
        "Part": "xc7z007s-clg225-2",
        "TopModelName": name,
        "TargetClockPeriod": "3.33",
        "ClockUncertainty": "0.42",
        **({"FlowTarget": "vivado"} if vitis else {}),
    }
    area = f"<Resources>{_elements(RESOURCES if resources is None else resources)}</Resources>"
    area += "<AvailableResources><LUT>14400</LUT><FF>28800</FF></AvailableResources>"
    return (
        f"<profile>\n<ReportVersion><Version>{version}</Version></ReportVersion>\n"
        f"<UserAssignments>{_elements(user)}</UserAssignments>\n"
        "<PerformanceEstimates><SummaryOfTimingAnalysis><EstimatedClockPeriod>3.236</EstimatedClockPeriod>"
        f"</SummaryOfTimingAnalysis><SummaryOfOverallLatency>{cycles}</SummaryOfOverallLatency>"
        f"</PerformanceEstimates>\n<AreaEstimates>{area}</AreaEstimates>\n"
        f"<ModuleInformation>{modules}</ModuleInformation>\n</profile>\n"
    )


def csynth_module(name, resources=None, latency=6, interval=2):
    """A function's entry in csynth.xml."""
    cycles = _elements({"Best-caseLatency": latency, "Worst-caseLatency": latency})
    cycles += _elements({"PipelineInitiationInterval": interval})
    return (
        f"<Module><Name>{name}</Name><PerformanceEstimates><SummaryOfTimingAnalysis>"
        "<EstimatedClockPeriod>3.1</EstimatedClockPeriod></SummaryOfTimingAnalysis>"
        f"<SummaryOfOverallLatency>{cycles}</SummaryOfOverallLatency></PerformanceEstimates>"
        f"<AreaEstimates><Resources>{_elements(resources or RESOURCES)}</Resources></AreaEstimates></Module>"
    )


def write_reports(folder: Path, top="top", functions=None, summary=True):
    """A report folder with a file for the top function and one for each of ``functions``."""
    folder.mkdir(parents=True, exist_ok=True)
    own = functions or {}
    (folder / f"{top}_csynth.xml").write_text(csynth_xml(top, {**RESOURCES, "LUT": 1000}))
    for name, resources in own.items():
        (folder / f"{name}_csynth.xml").write_text(csynth_xml(name, resources, (3, 3), (1, 1)))
    if summary:
        modules = "".join(csynth_module(name, resources) for name, resources in own.items())
        text = csynth_xml(top, {**RESOURCES, "LUT": 1000}, modules=modules)
        (folder / "csynth.xml").write_text(text)
    return folder

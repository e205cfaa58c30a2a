"""The Python API, which the command line calls too: load a model, build a project, verify it."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, overload

from accelgen import importers
from accelgen.choices import Choices, Options, number_type
from accelgen.data import read_samples
from accelgen.design import Design
from accelgen.errors import UsageError
from accelgen.ir import FixedType, Network
from accelgen.project_files import DESIGN, NETWORK, is_project

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from accelgen.backend.project import BuildReport
    from accelgen.design import IoType
    from accelgen.design.streaming import Dataflow
    from accelgen.estimation import Estimate, Estimates
    from accelgen.exploration.candidate import Exploration
    from accelgen.exploration.formats.search import FormatOptions
    from accelgen.exploration.goals import Goals
    from accelgen.exploration.search import Found
    from accelgen.passes.precision import Types
    from accelgen.surrogates.record import DesignRecord
    from accelgen.surrogates.rules import Domain
    from accelgen.verification import Verification
    from accelgen.workers import Workers

FilePath: TypeAlias = str | PathLike[str]
TypeLike: TypeAlias = FixedType | str
"""A number type, or its text: "16,6", "ufixed<8,0,RND_CONV,SAT>"."""

GOLDEN_SAMPLES = 100
"""Samples that a project's own testbench checks."""

FRONT_TIME_S = 60.0
"""That the search of a front may take."""


@dataclass(frozen=True, eq=False)
class Model:
    """A trained network as imported: real constants, its own quantizers, and where it came from.

    ``sources`` maps the names of the files read to their SHA-256.
    """

    network: Network
    sources: Mapping[str, str]

    def exact(
        self,
        *,
        precision: TypeLike | None = None,
        calibration: FilePath | None = None,
        input_precision: TypeLike | None = None,
    ) -> Network:
        """The network with every tensor on a fixed grid: what the hardware computes, bit by bit.

        Args:
            precision: the type of weights and results that the model does not quantize itself.
            calibration: .npz data from which the ranges of such tensors are taken instead.
            input_precision: the inputs' type where the model does not say.

        Raises:
            PrecisionError: the model has float layers, and neither precision nor calibration is given.
            UsageError: a type or the data make no sense.
        """
        samples = None if calibration is None else read_samples(calibration, self.network).inputs
        return self._choose(number_type(precision), number_type(input_precision), samples).network

    def build(
        self,
        directory: FilePath,
        *,
        calibration: FilePath | None = None,
        name: str | None = None,
        goals: Goals | None = None,
        **options: Unpack[Options],
    ) -> Build:
        """Write a Vitis HLS project that computes exactly what this model computes.

        Args:
            directory: the project's directory; an earlier project there is replaced as a whole.
            calibration: see `exact`; its first samples become the project's test vectors.
            name: the network's name in the project, instead of the model's own.
            goals: limits and objective by which what the options leave open of layers is chosen; without
                goals, it is as `accelgen.choices.Options` says.
            options: board or part, strategy, reuse factors ...: see `accelgen.choices.Options`.

        Raises:
            AccelgenError: one of its kinds: no board of that name, a layer that no kernel computes, a choice
                that a layer cannot have, a directory that holds something else.
        """
        design = Choices.of(options).design()
        samples = None if calibration is None else read_samples(calibration, self.network).inputs
        chosen = self._choose_for(design, options, samples)
        network = chosen.network if name is None else replace(chosen.network, name=name)
        sources = dict(self.sources)
        if calibration is not None:
            sources[Path(calibration).name] = _sha256(Path(calibration))
        design = replace(design, types=chosen.types)
        _no_traded_fifos(goals, "build a design file that it writes, with config")
        found = None if goals is None else _search(network, [design], goals, Choices.of(options))
        if found is not None:
            design = found.design
        build = _write(network, design, Path(directory), sources, samples, chosen.errors)
        return replace(build, found=found)

    def estimate(self, *, calibration: FilePath | None = None, **options: Unpack[Options]) -> Estimate:
        """What a project with these options would take and how fast it would be: see `accelgen.estimate`."""
        from accelgen.estimation import estimate_design

        network, design = self.designed(calibration=calibration, **options)
        return estimate_design(network, design)

    def designed(
        self, *, calibration: FilePath | None = None, **options: Unpack[Options]
    ) -> tuple[Network, Design]:
        """The exact network and the design that `build` would write with these options.

        Raises:
            AccelgenError: as `build`, but for what only writing finds.
        """
        design = Choices.of(options).design()
        samples = None if calibration is None else read_samples(calibration, self.network).inputs
        chosen = self._choose_for(design, options, samples)
        return chosen.network, replace(design, types=chosen.types)

    def _choose_for(self, design: Design, options: Options, samples: Mapping[str, Any] | None) -> _Chosen:
        """Types for a design: its own, but for those that options or samples say anew."""
        given = design.types
        if samples is not None or options.get("precision") is not None:
            given = {}
        elif options.get("input_precision") is not None:
            inputs = {node.name for node in self.network.inputs}
            given = {layer: own for layer, own in given.items() if layer not in inputs}
        return self._choose(design.precision, design.input_precision, samples, given, design.narrowed)

    def _choose(
        self,
        precision: FixedType | None,
        input_type: FixedType | None,
        samples: Mapping[str, Any] | None,
        given: Types | None = None,
        narrowed: Types | None = None,
    ) -> _Chosen:
        from accelgen.calibration import tensor_errors
        from accelgen.passes.pipeline import ChooseTypes, simplify

        choose = ChooseTypes(precision, samples, input_type, given or {}, narrowed or {})
        adopted = choose.adopt(simplify(self.network))
        types = choose.plan(adopted)
        exact = choose.apply(adopted, types)
        errors = () if samples is None else tensor_errors(adopted, exact, types, samples)
        return _Chosen(exact, types, tuple(asdict(error) for error in errors))


@dataclass(frozen=True, eq=False)
class _Chosen:
    """An exact network, the types chosen for what the model leaves open, and what calibrated ones cost."""

    network: Network
    types: Mapping[str, Mapping[str, FixedType]]
    errors: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, eq=False)
class Build:
    """A project on disk."""

    directory: Path
    report: BuildReport
    found: Found | None = None
    """Why the design was chosen, where it was searched for."""

    @cached_property
    def design(self) -> Design:
        """The complete design that was built, legal reuse factors included."""
        path = self.directory / DESIGN
        return Design.from_yaml(path.read_text(encoding="utf-8"), str(path))

    def verify(
        self,
        data: FilePath | None = None,
        *,
        layers: bool = False,
        samples: int = 1000,
        seed: int = 0,
    ) -> Verification:
        """Compare the compiled project with the golden model: see `accelgen.verify`."""
        return verify(self.directory, data, layers=layers, samples=samples, seed=seed)

    def estimate(self) -> Estimate:
        """What the project takes and how fast it is: see `accelgen.estimate`."""
        return estimate(self.directory)


def load(model: Any, weights: FilePath | None = None) -> Model:
    """Read a trained model: a file as its framework saved it, or a live Keras model or ONNX ModelProto.

    A live model is saved to a temporary file first. ``weights`` goes with a Keras model in JSON.

    Raises:
        ModelError: a file is missing, damaged or malformed.
        UnsupportedError: a layer or option is not converted; the message says what is.
        UsageError: ``model`` is neither a path nor a live model.
    """
    if isinstance(model, str | PathLike):
        return _load_file(Path(fspath(model)), None if weights is None else Path(weights))
    if weights is not None:
        raise UsageError("a live model holds its own weights; give no weights file")
    with tempfile.TemporaryDirectory(prefix="accelgen-") as folder:
        if callable(getattr(model, "SerializeToString", None)):
            path = Path(folder) / "model.onnx"
            path.write_bytes(model.SerializeToString())
        elif callable(getattr(model, "save", None)) and hasattr(model, "layers"):
            path = Path(folder) / f"model{_keras_suffix(model)}"
            model.save(path)
        else:
            raise UsageError(f"a {type(model).__name__} is no path, Keras model or ONNX model")
        return _load_file(path, None)


def verify(
    directory: FilePath,
    data: FilePath | None = None,
    *,
    layers: bool = False,
    samples: int = 1000,
    seed: int = 0,
) -> Verification:
    """Compare a compiled project with its golden model, bit by bit, and with the framework's own answers.

    Args:
        directory: a project that accelgen built.
        data: .npz data: inputs ``x``, quantized to the input types first, and the framework's outputs ``y``
            where known; without it, random inputs are drawn.
        layers: compare every layer's result too, to find the first that differs.
        samples: how many random samples to draw.
        seed: of those.

    Raises:
        UsageError: the directory holds no project, or the data do not fit it.
        ToolError: the project does not compile.
    """
    from accelgen.backend.project import read_report
    from accelgen.ir.serialize import load as load_network
    from accelgen.verification import verify_project

    directory = Path(directory)
    read_report(directory)
    given = None if data is None else read_samples(data, load_network(directory / NETWORK))
    return verify_project(
        directory,
        None if given is None else given.inputs,
        None if given is None else given.outputs,
        layers=layers,
        samples=samples,
        seed=seed,
    )


@overload
def estimate(
    source: Model | Network | DesignRecord | FilePath,
    designs: Design | None = None,
    *,
    weights: FilePath | None = None,
    calibration: FilePath | None = None,
    tool: str | None = None,
    **options: Unpack[Options],
) -> Estimate: ...
@overload
def estimate(source: Network, designs: Sequence[Design], *, tool: str | None = None) -> Estimates: ...
@overload
def estimate(source: Sequence[DesignRecord], *, tool: str | None = None) -> Estimates: ...
def estimate(
    source: Any,
    designs: Design | Sequence[Design] | None = None,
    *,
    weights: FilePath | None = None,
    calibration: FilePath | None = None,
    tool: str | None = None,
    **options: Unpack[Options],
) -> Estimate | Estimates:
    """Say what designs take and how fast they are, without any tool.

    Args:
        source: a model as `load` takes it or a `Model`, the directory of a project, an exact network
            (`Model.exact`), or records (`accelgen.surrogates.record.DesignRecord`), one or many.
        designs: for a network, its design, or many designs: these give arrays.
        weights: see `load`.
        calibration: see `Model.exact`.
        tool: whose results to estimate, such as "Vitis HLS 2021.1", instead of the default one's.
        options: for a model, those of `Model.build`; for a project or a network without a design, choices
            to try instead of its own or the default ones.

    Raises:
        AccelgenError: one of its kinds: no model or project, a choice that a layer cannot have, options that
            mean nothing to the source.
    """
    from accelgen import estimation
    from accelgen.surrogates.record import DesignRecord
    from accelgen.surrogates.rules import DEFAULT_DOMAIN

    domain = DEFAULT_DOMAIN if tool is None else estimation.find_domain(tool)
    if designs is not None and not isinstance(source, Network):
        raise UsageError("designs go with an exact network: Model.exact() gives one")
    if isinstance(source, DesignRecord | Network | Sequence) and not isinstance(source, str):
        if isinstance(source, DesignRecord):
            return estimation.estimate_record(source, domain)
        if not isinstance(source, Network):
            return estimation.estimate_records(source, domain)
        if designs is None:
            designs = Choices.of(options).design()
        if isinstance(designs, Design):
            return estimation.estimate_design(source, designs, domain)
        return estimation.estimate_designs(source, designs, domain)
    network, design = designed(source, weights=weights, calibration=calibration, **options)
    return estimation.estimate_design(network, design, domain)


def designed(
    source: Any,
    *,
    weights: FilePath | None = None,
    calibration: FilePath | None = None,
    **options: Unpack[Options],
) -> tuple[Network, Design]:
    """The exact network and the design of a project, or those that a build of a model would write.

    The arguments are those of `estimate`. A project keeps its numbers; other options win over its design.

    Raises:
        AccelgenError: no model or project, or options that cannot be.
    """
    if not (isinstance(source, str | PathLike) and Path(source).is_dir()):
        model = source if isinstance(source, Model) else load(source, weights)
        return model.designed(calibration=calibration, **options)

    from accelgen.ir.serialize import load as load_network

    directory = Path(source)
    if not is_project(directory):
        raise UsageError(f"{directory} is no accelgen project; name a project or a model file")
    numbers = ("precision", "input_precision", "config")
    if calibration is not None or weights is not None or any(options.get(name) for name in numbers):
        raise UsageError(f"the numbers of the project {directory} are decided; estimate its model instead")
    options["config"] = directory / DESIGN
    return load_network(directory / NETWORK), Choices.of(options).design()


def explore(
    source: Any,
    *,
    goals: Goals | None = None,
    boards: Sequence[str] = (),
    parts: Sequence[str] = (),
    clocks_ns: Sequence[float] = (),
    io_types: Sequence[IoType | str] = (),
    weights: FilePath | None = None,
    calibration: FilePath | None = None,
    tool: str | None = None,
    workers: Workers | None = None,
    journal: FilePath | None = None,
    time_limit_s: float = FRONT_TIME_S,
    **options: Unpack[Options],
) -> Exploration:
    """Find the designs of a model between which there is a choice, before any synthesis: the exact front.

    Args:
        source: a model as `load` takes it, a `Model`, or the directory of a project.
        goals: limits, objective, axes ...; without, the front between latency and LUTs of what fits.
        boards: boards to choose from, instead of one in ``options``.
        parts: FPGAs to choose from, likewise.
        clocks_ns: clock periods to choose from, likewise.
        io_types: io types to choose from; without, io_stream is tried where nothing in io_parallel will do.
        weights: see `load`.
        calibration: see `Model.exact`.
        tool: whose results to estimate, such as "Vitis HLS 2021.1", instead of the default one's.
        workers: where fronts are searched, see `accelgen.workers.open_workers`; this process without.
        journal: a file of what was found, from which the same search goes on if it is stopped.
        time_limit_s: after which the search of each target's front ends, not proven, with what it has found.
        options: those of `Model.build`; what they say of layers is not searched. A configuration file says
            board, clock and numbers only.

    Raises:
        InfeasibleError: no design keeps the limits.
        AccelgenError: another of its kinds: no model, an unknown board, a choice that a layer cannot have.
    """
    from accelgen.estimation import find_domain
    from accelgen.exploration.goals import Goals
    from accelgen.exploration.search import explore_front
    from accelgen.ir.serialize import to_bytes
    from accelgen.workers import Journal

    asked = _devices(options, boards, parts, clocks_ns)
    network, first = designed(source, weights=weights, calibration=calibration, **asked[0])
    if isinstance(source, str | PathLike) and Path(source).is_dir():
        options["config"] = Path(source) / DESIGN  # of which designed() has read board, clock and io type
    designs = [first]
    for own in asked[1:]:
        target = Choices.of(own).design()
        designs.append(replace(first, board=target.board, part=target.part, clock_ns=target.clock_ns))
    domain = None if tool is None else find_domain(tool)
    found = _search(network, designs, goals or Goals(), Choices.of(options), io_types, domain)
    searched = {
        "network": hashlib.sha256(to_bytes(network)).hexdigest(),
        "targets": [str(target) for target in found.targets],
        "goals": asdict(found.goals),
    }
    with nullcontext() if journal is None else Journal(Path(journal), searched) as opened:
        return explore_front(
            found,
            network.name,
            _named(asked, first),
            workers,
            opened,
            time_limit_s,
            partial(_layer_streams, network),
        )


def explore_formats(
    source: Any,
    bits: str | Sequence[str],
    *,
    data: FilePath | None = None,
    goals: Goals | None = None,
    boards: Sequence[str] = (),
    parts: Sequence[str] = (),
    clocks_ns: Sequence[float] = (),
    io_types: Sequence[IoType | str] = (),
    weights: FilePath | None = None,
    calibration: FilePath | None = None,
    tool: str | None = None,
    search: FormatOptions | None = None,
    workers: Workers | None = None,
    journal: FilePath | None = None,
    **options: Unpack[Options],
) -> Exploration:
    """Find number formats for a model's layers: the front between accuracy and the objective of ``goals``.

    Each assignment of formats is measured by the golden model and has the best hardware that an exact search
    finds for it. What float layers leave open is chosen, and what the model quantizes itself loses bits,
    which makes it another network; the notes say so.

    Args:
        source: a model as `load` takes it, or a `Model`.
        bits: the widths of weights and results: "4..8", "4,6,8", "LAYER=6"; see
            `accelgen.exploration.formats.bits`.
        data: .npz data to measure on, with ``label`` for the right classes; without these, or with the
            calibration data instead, the model's own answers are what is right.
        goals: limits and objective; without, as few resources as possible.
        boards: as for `explore`, like all that is not named here.
        parts: as for `explore`.
        clocks_ns: as for `explore`.
        io_types: as for `explore`; without, io_stream is searched where nothing in io_parallel will do.
        weights: see `load`.
        calibration: .npz data from which float layers take their ranges.
        tool: as for `explore`.
        search: how long to search, and how.
        workers: where assignments are evaluated, see `accelgen.workers.open_workers`; this process without.
        journal: a file of evaluations, from which the same search goes on if it is stopped.
        options: those of `Model.build`; what they say of layers is not searched.

    Raises:
        InfeasibleError: no assignment that was tried keeps the limits.
        AccelgenError: another of its kinds: no data, no width to choose, pymoo is not installed.
    """
    from accelgen.data import read_labels
    from accelgen.estimation import find_domain
    from accelgen.exploration.formats.answer import exploration
    from accelgen.exploration.formats.bits import Bits
    from accelgen.exploration.formats.hardware import HardwareSearch
    from accelgen.exploration.formats.search import FormatOptions, FormatSearch
    from accelgen.exploration.goals import Goals
    from accelgen.exploration.search import io_type_turns
    from accelgen.surrogates.rules import DEFAULT_DOMAIN
    from accelgen.workers import Journal

    model = source if isinstance(source, Model) else load(source, weights)
    measured = data or calibration
    if measured is None:
        raise UsageError("formats are measured on samples: give data, or calibration data")
    _no_traded_fifos(goals, "search formats first, then explore the model with those")
    asked = _devices(options, boards, parts, clocks_ns)
    designs = [Choices.of(own).design() for own in asked]
    chosen, domain = Choices.of(options), DEFAULT_DOMAIN if tool is None else find_domain(tool)
    turns = [
        tuple(replace(own, io_type=io_type) for own in designs for io_type in together)
        for together in io_type_turns(_io_types(io_types, chosen, designs[0]))
    ]
    least = goals or Goals(objective="resources")
    found = FormatSearch.of(
        model.network,
        designs[0],
        Bits.parse(bits),
        [HardwareSearch(least, devices, chosen, domain) for devices in turns],
        data=read_samples(measured, model.network).inputs,
        labels=read_labels(measured, model.network),
        calibration=None if calibration is None else read_samples(calibration, model.network).inputs,
        options=search or FormatOptions(),
    )
    identity = {"sources": dict(model.sources), **found.identity()}
    with nullcontext() if journal is None else Journal(Path(journal), identity) as opened:
        return exploration(found.run(workers, opened), model.network.name, _named(asked, designs[0]))


def _devices(
    options: Options, boards: Sequence[str], parts: Sequence[str], clocks_ns: Sequence[float]
) -> list[Options]:
    """The options for every board or part at every clock period."""
    if len(boards) + len(parts) > 0 and (options.get("board") or options.get("part")):
        raise UsageError("give boards and parts in one place")
    devices: list[Options] = [{"board": name} for name in dict.fromkeys(boards)]
    devices += [{"part": name} for name in dict.fromkeys(parts)]
    return [
        {**options, **device, **clock}
        for device in devices or [Options()]
        for clock in ([Options(clock_ns=period) for period in dict.fromkeys(clocks_ns)] or [Options()])
    ]


def _named(asked: Sequence[Options], first: Design) -> str:
    """The boards or parts that were asked for, or that of the first design."""
    names = (own.get("board") or own.get("part") or first.board or first.part for own in asked)
    return ", ".join(dict.fromkeys(names))


def _layer_streams(network: Network, design: Design) -> tuple[Dataflow, dict[str, tuple[str, ...]]]:
    """`accelgen.backend.streams.layer_streams`, with the backend imported only where depths are traded."""
    from accelgen.backend.streams import layer_streams

    return layer_streams(network, design)


def _io_types(given: Sequence[IoType | str], asked: Choices, first: Design) -> tuple[IoType, ...]:
    """The io types to choose from; one that choices or a file name is the only one."""
    from accelgen.design import IoType

    if not given and (asked.io_type is not None or asked.config is not None):
        return (first.io_type,)
    return tuple(map(IoType, given))


def _no_traded_fifos(goals: Goals | None, instead: str) -> None:
    if goals is not None and goals.fifos != "auto":
        raise UsageError(f"only accelgen explore trades depths of FIFOs: {instead}")


def _search(
    network: Network,
    designs: Sequence[Design],
    goals: Goals,
    asked: Choices,
    io_types: Sequence[IoType | str] = (),
    domain: Domain | None = None,
) -> Found:
    """The best design for any of some targets; an io type that is asked for is the only one."""
    from accelgen.exploration.fixed import allowed_choices, changed_choices
    from accelgen.exploration.search import search
    from accelgen.surrogates.rules import DEFAULT_DOMAIN

    found = search(
        network,
        designs,
        goals,
        io_types=_io_types(io_types, asked, designs[0]),
        allowed=lambda design: allowed_choices(network, design, asked),
        domain=DEFAULT_DOMAIN if domain is None else domain,
    )
    changed = changed_choices(network, found.target.space.design, asked)
    return replace(found, notes=(*found.notes, *changed))


def _load_file(path: Path, weights: Path | None) -> Model:
    network = importers.load(path, weights)
    return Model(network, {file.name: _sha256(file) for file in importers.model_files(path, weights)})


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _keras_suffix(model: Any) -> str:
    """Keras 3 keeps every detail in .keras archives only, Keras 2 (tf_keras) in H5 files."""
    return ".h5" if type(model).__module__.startswith("tf_keras") else ".keras"


def _write(
    network: Network,
    design: Design,
    directory: Path,
    sources: Mapping[str, str],
    inputs: Mapping[str, Any] | None,
    calibration: tuple[Mapping[str, Any], ...],
) -> Build:
    """Write the project, with test vectors from the first samples of ``inputs`` or random ones."""
    from accelgen import reference
    from accelgen.backend.build import write_project
    from accelgen.verification import random_inputs

    if inputs is None:
        codes = random_inputs(network, GOLDEN_SAMPLES, seed=0)
    else:
        first = {name: values[:GOLDEN_SAMPLES] for name, values in inputs.items()}
        codes = reference.quantize_inputs(network, first)
    report = write_project(
        network,
        design,
        directory,
        sources=sources,
        golden_inputs=codes,
        golden_outputs=reference.evaluate(network, codes),
        calibration=calibration,
    )
    return Build(directory, report)

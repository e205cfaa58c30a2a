"""YAML that users write: plain data, and no name twice in a mapping, whose first value would be lost."""

from __future__ import annotations

from typing import Any

import yaml


class _Loader(yaml.SafeLoader):
    """`yaml.SafeLoader`, which refuses names that stand twice, as YAML 1.2 demands (3.2.1.1)."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in names:
                    raise yaml.constructor.ConstructorError(
                        None, None, f"{key.value[:50]!r} stands twice", key.start_mark
                    )
                names.add(key.value)
        return super().construct_mapping(node, deep)


def read_yaml(text: str) -> Any:
    """The data in a text.

    Raises:
        yaml.YAMLError, ValueError, RecursionError: it is no YAML, or holds more than plain data.
    """
    return yaml.load(text, Loader=_Loader)

"""A network under change: replace nodes, rewire their users, and get a valid network back."""

from __future__ import annotations

from collections.abc import Callable

from accelgen.ir import Input, Network, Node
from accelgen.ir.names import free_name
from accelgen.ir.nodes import Shape
from accelgen.passes.rename import rewire


class Editor:
    """A mutable view of a network's graph; ``network()`` gives the result.

    Nodes are held by name in no particular order. An edit must leave the shape of every result that other
    nodes still use as it was.
    """

    def __init__(self, network: Network) -> None:
        self._original = network
        self._nodes = {node.name: node for node in network}
        self._shapes = dict(network.shapes)
        self._users: dict[str, dict[str, None]] = {
            name: {user.name: None for user in users} for name, users in network.consumers.items()
        }
        self.outputs = network.outputs
        self.changed = False

    def __getitem__(self, name: str) -> Node:
        return self._nodes[name]

    def __contains__(self, name: object) -> bool:
        return name in self._nodes

    def source(self, node: Node) -> Node:
        """The node that gives ``node``'s first input."""
        return self._nodes[node.inputs[0]]

    def shape(self, name: str) -> Shape:
        """The shape of a node's result, without batch."""
        return self._shapes[name]

    def users(self, name: str) -> tuple[Node, ...]:
        """The nodes that take ``name``'s result."""
        return tuple(self._nodes[user] for user in self._users[name])

    def only_user(self, name: str) -> Node | None:
        """The one node that takes ``name``'s result, once; None where another does, or it is an output."""
        users = self.users(name)
        if len(users) != 1 or name in self.outputs or users[0].inputs.count(name) != 1:
            return None
        return users[0]

    def free_name(self, wanted: str) -> str:
        """``wanted``, or a name like it that no node has."""
        return free_name(wanted, self._nodes)

    def put(self, node: Node) -> None:
        """Add a node, or replace the one of its name; its inputs must be there."""
        old = self._nodes.get(node.name)
        for source in old.inputs if old else ():
            self._users[source].pop(node.name, None)
        for source in node.inputs:
            self._users[source][node.name] = None
        self._users.setdefault(node.name, {})
        self._nodes[node.name] = node
        self._shapes[node.name] = node.output_shape(tuple(self._shapes[source] for source in node.inputs))
        self.changed = True

    def redirect(self, old: str, new: str) -> None:
        """Let the users of ``old`` other than ``new`` itself, and the outputs, take ``new`` instead."""
        for user in self.users(old):
            if user.name != new:
                self.put(rewire(user, {old: new}))
        self.outputs = tuple(new if name == old else name for name in self.outputs)
        self.discard(old)
        self.changed = True

    def discard(self, name: str) -> None:
        """Drop a node that nothing uses any more, and what only it used."""
        node = self._nodes[name]
        if self._users[name] or name in self.outputs or isinstance(node, Input):
            return
        for source in dict.fromkeys(node.inputs):
            self._users[source].pop(name, None)
        del self._nodes[name], self._users[name]
        for source in dict.fromkeys(node.inputs):
            if source in self._nodes:
                self.discard(source)

    def order(self) -> list[str]:
        """The names of the inputs and of all that the outputs need, in topological order."""
        order: dict[str, None] = {node.name: None for node in self._original.inputs}
        for output in self.outputs:
            pending = [output]
            while pending:
                missing = [source for source in self._nodes[pending[-1]].inputs if source not in order]
                if missing:
                    pending.extend(reversed(missing))
                else:
                    order[pending.pop()] = None
        return list(order)

    def network(self) -> Network:
        """The edited network: nodes in topological order, those without use dropped; inputs stay."""
        if not self.changed:
            return self._original
        return self._original.with_nodes((self._nodes[name] for name in self.order()), self.outputs)


Rule = Callable[[Editor, Node], bool]
"""Looks at one node and may edit around it; returns whether it did."""


def apply_rules(network: Network, *rules: Rule) -> Network:
    """The network after every rule has been tried at every node until none applies any more."""
    editor = Editor(network)
    again = True
    while again:
        again = False
        for name in editor.order():
            for rule in rules:
                if name in editor and rule(editor, editor[name]):
                    again = True
    return editor.network()

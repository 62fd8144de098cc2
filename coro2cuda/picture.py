"""Draw a state machine: a graph of states as DOT text, or laid out by us as an SVG picture.

    StateGraph ──to_dot──▶ text for Graphviz
               ──to_svg──▶ SVG: start on top, each state below the states that lead to it, loops running back up

The layout is Sugiyama's, in four steps: break cycles, put every node on a layer below its predecessors, order each
layer so that few edges cross, and give out coordinates. An edge over several layers passes through a bend on each, so
it has a lane of its own and never runs behind a box.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal
from xml.etree import ElementTree

LINE_HEIGHT, CHARACTER_WIDTH = 17.0, 7.3
PADDING, NODE_GAP, LAYER_GAP, MARGIN = 12.0, 36.0, 56.0, 24.0
LOOP_WIDTH = 26.0
SWEEPS = 8
FILL = {"start": "#dbeafe", "state": "#ffffff", "end": "#e5e7eb"}
INK, FAINT = "#1f2937", "#6b7280"


@dataclass(frozen=True, slots=True)
class Node:
    """A box: a title and lines of smaller text under it. `name` is unique in its graph."""

    name: str
    title: str
    lines: tuple[str, ...] = ()
    kind: Literal["start", "state", "end"] = "state"


@dataclass(frozen=True, slots=True)
class StateGraph:
    """Nodes, and edges as pairs of their names. An edge may lead back, or to its own node."""

    title: str
    nodes: tuple[Node, ...]
    edges: tuple[tuple[str, str], ...]


def to_dot(graph: StateGraph) -> str:
    """The graph in Graphviz' language."""
    lines = [f"digraph {_quoted(graph.title)} {{", '  node [shape=box, style=rounded, fontname="monospace"];']
    for node in graph.nodes:
        label = "\n".join((node.title, *node.lines))
        lines.append(f"  {_quoted(node.name)} [label={_quoted(label)}];")
    lines += [f"  {_quoted(source)} -> {_quoted(target)};" for source, target in graph.edges]
    return "\n".join([*lines, "}", ""])


def to_svg(graph: StateGraph) -> str:
    """The graph as an SVG document."""
    layout = _lay_out(graph)
    size = {"width": _number(layout.width), "height": _number(layout.height)}
    root = ElementTree.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", **size, "font-family": "monospace"})
    root.set("viewBox", f"0 0 {size['width']} {size['height']}")
    ElementTree.SubElement(root, "title").text = graph.title
    ElementTree.SubElement(root, "rect", {**size, "fill": "#ffffff"})
    _arrow_head(root)
    for path in _paths(graph, layout):
        attributes = {"d": path, "fill": "none", "stroke": FAINT, "stroke-width": "1.4", "marker-end": "url(#arrow)"}
        ElementTree.SubElement(root, "path", attributes)
    for node in graph.nodes:
        _draw_node(root, node, layout.boxes[node.name])
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


# --- layout ----------------------------------------------------------------------------------------------------------


Edge = tuple[str, str]


@dataclass(slots=True, eq=False)
class _Box:
    """A node with its place, or the bend of an edge on a layer it crosses: a box of no width."""

    width: float = 0.0
    height: float = 0.0
    bend: bool = False
    x: float = 0.0  # its centre
    top: float = 0.0
    above: list[_Link] = field(default_factory=list)
    below: list[_Link] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class _Link:
    """A piece of an edge, from a layer to the next."""

    upper: _Box
    lower: _Box


@dataclass(slots=True)
class _Layout:
    boxes: dict[str, _Box]
    routes: dict[Edge, list[_Link]] = field(default_factory=dict)  # from the upper end to the lower
    backward: set[Edge] = field(default_factory=set)
    width: float = 0.0
    height: float = 0.0


def _lay_out(graph: StateGraph) -> _Layout:
    edges = [edge for edge in dict.fromkeys(graph.edges) if edge[0] != edge[1]]
    names = [node.name for node in graph.nodes]
    backward = _backward(names, edges)
    down = {edge: edge[::-1] if edge in backward else edge for edge in edges}
    layer = _layers(names, list(down.values()))
    layout = _Layout({node.name: _box(node) for node in graph.nodes}, backward=backward)
    rows: list[list[_Box]] = [[] for _ in range(1 + max(layer.values(), default=0))]
    for name, box in layout.boxes.items():
        rows[layer[name]].append(box)
    for edge, (upper, lower) in down.items():
        between = rows[layer[upper] + 1 : layer[lower]]
        layout.routes[edge] = _route(layout.boxes[upper], layout.boxes[lower], between)
    _order(rows)
    _place(rows, layout, any(source == target for source, target in graph.edges))
    return layout


def _backward(names: list[str], edges: list[Edge]) -> set[Edge]:
    """The edges that close a cycle in a depth-first walk from the first node on."""
    successors: dict[str, list[str]] = {name: [] for name in names}
    for source, target in edges:
        successors[source].append(target)
    found: set[Edge] = set()
    open_nodes: set[str] = set()
    closed: set[str] = set()
    for root in successors:
        stack: list[tuple[str, Iterator[str]]] = []
        if root not in closed:
            stack.append((root, iter(successors[root])))
            open_nodes.add(root)
        while stack:
            name, rest = stack[-1]
            child = next(rest, None)
            if child is None:
                stack.pop()
                open_nodes.discard(name)
                closed.add(name)
            elif child in open_nodes:
                found.add((name, child))
            elif child not in closed:
                stack.append((child, iter(successors[child])))
                open_nodes.add(child)
    return found


def _layers(names: list[str], down: list[Edge]) -> dict[str, int]:
    """The longest path from a node without predecessors, so every edge leads down at least one layer."""
    targets: defaultdict[str, list[str]] = defaultdict(list)
    waiting = dict.fromkeys(names, 0)
    for upper, lower in down:
        targets[upper].append(lower)
        waiting[lower] += 1
    layer = dict.fromkeys(names, 0)
    ready = [name for name in names if not waiting[name]]
    while ready:
        name = ready.pop()
        for lower in targets[name]:
            layer[lower] = max(layer[lower], layer[name] + 1)
            waiting[lower] -= 1
            if not waiting[lower]:
                ready.append(lower)
    return layer


def _route(upper: _Box, lower: _Box, between: list[list[_Box]]) -> list[_Link]:
    stops = [upper]
    for row in between:
        row.append(_Box(bend=True))
        stops.append(row[-1])
    links = [_Link(above, below) for above, below in pairwise([*stops, lower])]
    for link in links:
        link.upper.below.append(link)
        link.lower.above.append(link)
    return links


def _order(rows: list[list[_Box]]) -> None:
    """Sort each layer by the mean position of its neighbours, downward and upward in turn."""
    for sweep in range(SWEEPS):
        for row in rows if sweep % 2 == 0 else reversed(rows):
            for index, box in enumerate(row):
                near = [link.upper.x for link in box.above] if sweep % 2 == 0 else [link.lower.x for link in box.below]
                box.x = sum(near) / len(near) if near else float(index)
            row.sort(key=lambda box: box.x)
            for index, box in enumerate(row):
                box.x = float(index)


def _place(rows: list[list[_Box]], layout: _Layout, with_loops: bool) -> None:
    widths = [sum(box.width + NODE_GAP for box in row) - NODE_GAP for row in rows]
    layout.width = max(widths, default=0.0) + 2 * MARGIN + (2 * LOOP_WIDTH if with_loops else 0)
    top = MARGIN
    for row, width in zip(rows, widths, strict=True):
        left = (layout.width - width) / 2
        height = max((box.height for box in row), default=0.0)
        for box in row:
            if box.bend:
                box.height = height
            box.x, box.top = left + box.width / 2, top + (height - box.height) / 2
            left += box.width + NODE_GAP
        top += height + LAYER_GAP
    layout.height = top - LAYER_GAP + MARGIN


def _box(node: Node) -> _Box:
    longest = max(len(line) for line in (node.title, *node.lines))
    return _Box(longest * CHARACTER_WIDTH + 2 * PADDING, (1 + len(node.lines)) * LINE_HEIGHT + 2 * PADDING)


# --- drawing ---------------------------------------------------------------------------------------------------------


def _paths(graph: StateGraph, layout: _Layout) -> Iterator[str]:
    for edge in dict.fromkeys(graph.edges):
        if edge[0] == edge[1]:
            yield _loop(layout.boxes[edge[0]])
        else:
            points = _points(layout.routes[edge])
            yield _curve(points[::-1] if edge in layout.backward else points)


def _points(route: list[_Link]) -> list[tuple[float, float]]:
    """Where an edge leaves each box and enters the next."""
    points = []
    for link in route:
        points.append((_port(link.upper, link.upper.below, link), link.upper.top + link.upper.height))
        points.append((_port(link.lower, link.lower.above, link), link.lower.top))
    return points


def _port(box: _Box, links: list[_Link], link: _Link) -> float:
    """Edges at one side of a box share its width evenly, so they stay apart."""
    ranked = sorted(links, key=lambda other: other.lower.x if other.upper is box else other.upper.x)
    return box.x + box.width * ((ranked.index(link) + 1) / (len(ranked) + 1) - 0.5)


def _curve(points: list[tuple[float, float]]) -> str:
    """Through the points, vertical at each."""
    (x, y), *rest = points
    parts = [f"M {_number(x)} {_number(y)}"]
    for next_x, next_y in rest:
        middle = _number((y + next_y) / 2)
        parts.append(f"C {_number(x)} {middle} {_number(next_x)} {middle} {_number(next_x)} {_number(next_y)}")
        x, y = next_x, next_y
    return " ".join(parts)


def _loop(box: _Box) -> str:
    right, high, low = box.x + box.width / 2, box.top + box.height * 0.3, box.top + box.height * 0.7
    out = _number(right + LOOP_WIDTH)
    start, end = f"{_number(right)} {_number(low)}", f"{_number(right)} {_number(high)}"
    return f"M {start} C {out} {_number(low)} {out} {_number(high)} {end}"


def _draw_node(root: ElementTree.Element, node: Node, box: _Box) -> None:
    left = box.x - box.width / 2
    frame = {"x": left, "y": box.top, "width": box.width, "height": box.height, "rx": 9.0}
    attributes = {name: _number(value) for name, value in frame.items()}
    ElementTree.SubElement(root, "rect", {**attributes, "fill": FILL[node.kind], "stroke": INK, "stroke-width": "1.2"})
    for index, line in enumerate((node.title, *node.lines)):
        text = {"x": _number(left + PADDING), "y": _number(box.top + PADDING + (index + 0.75) * LINE_HEIGHT)}
        style = {"font-size": "12", "fill": INK if index == 0 else FAINT, "font-weight": "normal" if index else "bold"}
        element = ElementTree.SubElement(root, "text", {**text, **style, "xml:space": "preserve"})
        element.text = line


def _arrow_head(root: ElementTree.Element) -> None:
    marker = ElementTree.SubElement(
        ElementTree.SubElement(root, "defs"),
        "marker",
        {"id": "arrow", "viewBox": "0 0 10 10", "refX": "10", "refY": "5", "markerWidth": "8", "markerHeight": "8",
         "orient": "auto"},
    )  # fmt: skip
    ElementTree.SubElement(marker, "path", {"d": "M 0 1 L 10 5 L 0 9 z", "fill": FAINT})


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")

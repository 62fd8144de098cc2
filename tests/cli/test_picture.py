"""Pictures of state machines: what is drawn, where, and that nothing runs behind a box."""

import re
from itertools import combinations, pairwise
from xml.etree import ElementTree

import pytest

from coro2cuda.picture import Node, StateGraph, to_dot, to_svg

SVG = "{http://www.w3.org/2000/svg}"


def graph(edges: str, names: str | None = None) -> StateGraph:
    """`"a-b b-a"`: nodes in order of appearance unless named."""
    pairs = [tuple(edge.split("-")) for edge in edges.split()]
    order = names.split() if names else dict.fromkeys(name for pair in pairs for name in pair)
    nodes = tuple(Node(name, f"state {name}", (f"line of {name}",)) for name in order)
    return StateGraph("machine", nodes, tuple((source, target) for source, target in pairs))


GRAPHS = [
    graph("", "a"),
    graph("a-a"),
    graph("a-b b-a"),
    graph("a-b b-c c-a a-c c-c"),
    graph("a-b a-c a-d b-e c-e d-e e-a a-e"),
    graph("a-b b-c c-d d-e a-e e-b a-d c-c"),
    graph("b-a", "a b c"),
]


def boxes(svg: str) -> dict[str, tuple[float, float, float, float]]:
    """Left, top, right and bottom of each node by its title."""
    found, last = {}, None
    for element in ElementTree.fromstring(svg):
        if element.tag == f"{SVG}rect" and element.get("rx"):
            x, y, width, height = (float(element.attrib[name]) for name in ("x", "y", "width", "height"))
            last = (x, y, x + width, y + height)
        if element.tag == f"{SVG}text" and element.attrib["font-weight"] == "bold":
            assert last is not None and element.text is not None
            found[element.text] = last
    return found


def paths(svg: str) -> list[str]:
    return [path.attrib["d"] for path in ElementTree.fromstring(svg).findall(f"{SVG}path")]


def samples(path: str) -> list[tuple[float, float]]:
    """Points along a path of cubic curves."""
    numbers = [float(number) for number in re.findall(r"-?[\d.]+", path)]
    points = list(zip(numbers[::2], numbers[1::2], strict=True))
    found = []
    for start in range(0, len(points) - 1, 3):
        a, b, c, d = points[start : start + 4]
        for step in range(21):
            t = step / 20
            weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
            found.append(tuple(sum(w * p[axis] for w, p in zip(weights, (a, b, c, d), strict=True)) for axis in (0, 1)))
    return found


@pytest.mark.parametrize("drawn", GRAPHS)
def test_every_node_and_edge_is_drawn_once(drawn: StateGraph) -> None:
    svg = to_svg(drawn)
    assert set(boxes(svg)) == {node.title for node in drawn.nodes}
    assert len(paths(svg)) == len(drawn.edges)


@pytest.mark.parametrize("drawn", GRAPHS)
def test_boxes_lie_apart_and_inside_the_picture(drawn: StateGraph) -> None:
    svg = to_svg(drawn)
    root = ElementTree.fromstring(svg)
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    placed = list(boxes(svg).values())
    assert min(min(left, top) for left, top, _, _ in placed) >= 0
    assert max(right for _, _, right, _ in placed) <= width and max(bottom for _, _, _, bottom in placed) <= height
    for a, b in combinations(placed, 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


@pytest.mark.parametrize("drawn", GRAPHS)
def test_edges_start_and_end_at_their_boxes_and_cross_no_other(drawn: StateGraph) -> None:
    svg = to_svg(drawn)
    places = boxes(svg)
    for (source, target), path in zip(drawn.edges, paths(svg), strict=True):
        points = samples(path)
        for name, (x, y) in ((source, points[0]), (target, points[-1])):
            left, top, right, bottom = places[f"state {name}"]
            assert left - 0.1 <= x <= right + 0.1 and min(abs(y - top), abs(y - bottom), abs(x - right)) < bottom - top
        others = [box for title, box in places.items() if title not in (f"state {source}", f"state {target}")]
        for x, y in points:
            assert not any(l + 1 < x < r - 1 and t + 1 < y < b - 1 for l, t, r, b in others)  # noqa: E741


def test_a_chain_runs_downward() -> None:
    places = boxes(to_svg(graph("a-b b-c c-d d-b a-d")))
    tops = [places[f"state {name}"][1] for name in "abcd"]
    assert all(upper < lower for upper, lower in pairwise(tops))


def test_two_edges_between_the_same_boxes_do_not_coincide() -> None:
    there, back = paths(to_svg(graph("a-b b-a")))
    assert samples(there)[0][0] != samples(back)[-1][0]


def test_text_is_escaped() -> None:
    odd = StateGraph('a "quoted" <name>', (Node("n", 'x < "y" & z', ("back\\slash",)),), ())
    assert 'x < "y" & z' in boxes(to_svg(odd))
    assert to_dot(odd).splitlines()[0] == 'digraph "a \\"quoted\\" <name>" {'
    assert '"x < \\"y\\" & z\\nback\\\\slash"' in to_dot(odd)


def test_dot_names_every_edge() -> None:
    lines = to_dot(graph("a-b b-a b-b")).splitlines()
    assert lines[-4:-1] == ['  "a" -> "b";', '  "b" -> "a";', '  "b" -> "b";'] and lines[-1] == "}"

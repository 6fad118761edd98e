"""Graphs of places: what the functions say of random ones is what trying everything out says."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mhfa_lms.content import graphs

NAMES = [f"p{number}" for number in range(7)]
GRAPHS = st.dictionaries(
    st.sampled_from(NAMES), st.lists(st.sampled_from([*NAMES, "nowhere"]), max_size=4).map(tuple), min_size=1
)
PLACES = st.sampled_from(NAMES)


def closed(edges: graphs.Edges, start: str) -> set[str]:
    """What can be reached, by growing a set until it stays as it is."""
    found = {start} & set(edges)
    while more := {target for place in found for target in edges[place] if target in edges} - found:
        found |= more
    return found


@given(GRAPHS, PLACES)
def test_what_can_be_reached(edges: graphs.Edges, start: str) -> None:
    assert graphs.reachable(edges, start) == closed(edges, start)


@given(GRAPHS, st.sets(PLACES, max_size=2))
def test_what_leads_to_a_goal(edges: graphs.Edges, goals: set[str]) -> None:
    assert graphs.leading_to(edges, goals) == {place for place in edges if closed(edges, place) & goals}


@given(GRAPHS, PLACES, st.sets(PLACES, max_size=2))
def test_a_shortest_way_is_a_way_and_none_is_shorter(edges: graphs.Edges, start: str, goals: set[str]) -> None:
    way = graphs.shortest(edges, start, goals)
    layers = [{start} & set(edges)]
    while not layers[-1] & goals and len(layers) <= len(edges):
        layers.append({target for place in layers[-1] for target in edges[place] if target in edges})
    if way is None:
        assert not any(layer & goals for layer in layers)
        return
    assert (way[0], way[-1] in goals, len(way)) == (start, True, len(layers))
    assert all(other in edges[one] for one, other in pairwise(way))


@given(GRAPHS, PLACES)
def test_layers_hold_every_place_once_and_lead_onward(edges: graphs.Edges, start: str) -> None:
    layers = graphs.layered(edges, start)
    assert sorted(place for row in layers.rows for place in row) == sorted(edges)
    assert all(layers.rows)
    at = layers.place_of
    for place, targets in edges.items():
        for target in targets:
            if target in edges and (place, target) not in layers.back:
                assert at[place][0] < at[target][0]


@given(GRAPHS, PLACES)
def test_without_the_backward_edges_there_is_no_circle(edges: graphs.Edges, start: str) -> None:
    back = graphs.backward(edges, start)
    onward = {place: [one for one in targets if (place, one) not in back] for place, targets in edges.items()}
    for place in onward:
        assert not any(place in closed(onward, target) for target in onward[place] if target in onward)
    # Nothing is called backward without need: each such edge does close a circle.
    assert all(place in closed(edges, target) for place, target in back)

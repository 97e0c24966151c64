"""The count at the end: order is told by serial numbers, however many digits they have."""

from anclora.cli.demo.count import count
from anclora.cli.demo.plan import messages


def test_the_hundred_thousandth_comes_after_those_with_fewer_digits() -> None:
    planned = [each for each in messages(100_000) if each.to == "34600000000"]
    states = {(each.to, each.text): "sent" for each in planned}
    seen = [(each.to, each.text) for each in planned]
    assert seen[-1][1].startswith("#100000 ")
    assert count(planned, states, seen).good
    wrong = count(planned, states, [*seen[:-2], seen[-1], seen[-2]])
    assert wrong.disordered == ["#80000 to 34600000000 after #100000"]

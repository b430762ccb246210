"""Where each tensor lies in the one buffer they share."""

from firmware_export._integer_graph import Add, IntegerGraph, Operation

ALIGNMENT = {1: 16, 2: 2}
"""Tensors of values of so many bytes begin at a multiple of so many values.

Where the C is told to use a chip's own units, two 16-bit values are read as one word, sixteen
8-bit ones as one vector, up to the end of the buffer.
"""


def sources_of(operation: Operation) -> tuple[int, ...]:
    """Return the tensors that an operation reads."""
    if isinstance(operation, Add):
        return operation.left, operation.right
    return (operation.source,)


def plan_arena(graph: IntegerGraph) -> tuple[tuple[int, ...], int]:
    """Place the tensors so that those alive at the same time do not overlap.

    Largest first, each at the lowest place that is free for as long as it lives. Logits
    lie elsewhere, in the result, and so does the input of a model with windows of
    consecutive rows, in the device's state; their offset is 0.

    Returns
    -------
    offsets : tuple of int
        First value of each tensor.
    size : int
        Values in the buffer.
    """
    birth = [0] * len(graph.tensors)
    death = [0] * len(graph.tensors)
    for time, operation in enumerate(graph.operations, start=1):
        birth[operation.target] = time
        for source in sources_of(operation):
            death[source] = time
    alignment = ALIGNMENT[graph.signal_bytes]
    offsets: dict[int, int] = {}
    elsewhere = {head.tensor for head in graph.heads} | ({0} if graph.is_input_kept else set())
    placed = set(range(len(graph.tensors))) - elsewhere
    for index in sorted(placed, key=lambda index: (-graph.tensors[index].storage, index)):
        neighbours = sorted(
            (offsets[other], graph.tensors[other].storage)
            for other in offsets
            if birth[index] <= death[other] and birth[other] <= death[index]
        )
        offset = 0
        for start, storage in neighbours:
            if offset + graph.tensors[index].storage <= start:
                break
            offset = max(offset, start + storage)
            offset += -offset % alignment
        offsets[index] = offset
    size = max(offsets[index] + graph.tensors[index].storage for index in offsets)
    size += -size % alignment
    return tuple(offsets.get(index, 0) for index in range(len(graph.tensors))), size


def arena_bytes(graph: IntegerGraph) -> int:
    """Return the RAM of the buffer."""
    return plan_arena(graph)[1] * graph.signal_bytes


def state_bytes(graph: IntegerGraph) -> int:
    """Return the RAM of one device's state: its rows and a counter; 0 without windows."""
    if graph.window == 1:
        return 0
    kept = graph.tensors[0].storage if graph.is_input_kept else graph.history * graph.row_inputs
    inputs = kept * graph.signal_bytes
    return inputs + inputs % 2 + 2

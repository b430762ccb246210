"""What other ways to the chip cost on the same two networks, measured elsewhere.

With the same compiler, GCC 12.2 at -O2, on the same emulators: thousands of instructions
from the input signal to the logits; on x86 counted by callgrind. Code, RAM and stack are
those on an ESP32's LX6. All answered the same outputs on every target. None where it was
not measured.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Peer:
    """One peer on one network.

    Attributes
    ----------
    name : str
    instructions : dict of str to float
        In thousands, by target.
    code_bytes, ram_bytes, stack_bytes : int or None
    """

    name: str
    instructions: dict[str, float] = field(default_factory=dict)
    code_bytes: int | None = None
    ram_bytes: int | None = None
    stack_bytes: int | None = None


def _on(
    host: float | None, lx106: float | None, rv32imc: float | None, cortex_m3: float | None
) -> dict[str, float]:
    values = {"host": host, "lx106": lx106, "rv32imc": rv32imc, "cortex-m3": cortex_m3}
    return {name: value for name, value in values.items() if value is not None}


PEERS = {
    "paper-net": (
        Peer("TFLM interpreter", _on(3590, None, 3410, None), 54176, 25164, 720),
        Peer("TFLM interpreter + esp-nn", _on(3515, None, 3405, None), 58424, 25168, 800),
        Peer("TFLM kernels alone", _on(2899, 4286, 2436, 2083), 676, 8704, 128),
        Peer("esp-nn ansi", _on(3357, 4921, 3292, 2677), 2041, 8704, 384),
        Peer("esp-nn generic opt", _on(3483, 5007, 3362, 2772), 3809, 8704, 416),
        Peer("CMSIS-NN, C path", _on(1627, 2885, 1807, 1223), 7537, 10752, 656),
        Peer("NNoM", _on(2792, 4064, 2669, 2170), 1705, 13232, 352),
        Peer("NNoM opt kernels", _on(1813, 3785, 1674, 1699), 2329, 13232, 352),
        Peer("TinyMaix", _on(1515, 3693, 2970, 1925), 3952, 15620, 304),
        Peer("qualia-codegen int8", _on(781, 3386, 2198, 1660), 707, 6872, 112),
        Peer("qualia-codegen int16", _on(449, 2207, 2211, 1654), 694, 13480, 112),
        Peer("onnx2c int8", _on(2578, 4748, 3766, 2791), 2668, 8784, 112),
        Peer("onnx2c float", _on(1199, 25945, 50137, 23982), 768, 35124, 112),
        Peer("plain int8 triple loop", _on(712, 3318, 2132, 1536), 620, 2528, 128),
        Peer("hand-written portable C", _on(1203, 1179, 1135, 872), 1224, 5052, 192),
    ),
    "tiny-net": (
        Peer("TFLM interpreter", _on(None, None, 721, None)),
        Peer("TFLM interpreter + esp-nn", _on(None, None, 586, None)),
        Peer("esp-nn kernels alone", _on(None, 915, None, None)),
        Peer("CMSIS-NN, C path", _on(None, 512, 366, None)),
        Peer("NNoM", _on(None, 875, 571, None)),
        Peer("TinyMaix", _on(None, 847, 638, None)),
        Peer("qualia-codegen int8", _on(None, 773, 506, None)),
        Peer("qualia-codegen int16", _on(None, 512, 505, None)),
        Peer("onnx2c int8", _on(None, 1233, 985, None)),
        Peer("hand-written portable C", _on(None, 293, 279, None)),
    ),
}

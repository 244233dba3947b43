"""PyTorch at the shape of main.cc: the same BLOOM block, bf16 weights and activations, fp32 master weights,
AdamW, one thread. Prints two numbers: tokens per second (best step) and FLOP/s of the blocks' matrix products.

What is left to PyTorch's advantage: its step is forward, backward and an optimizer in place. A step of ours also
reads its samples, sums the gradients in 64-bit fixed point, computes their norm and clips by it, and writes the new
state beside the old one.
"""
import math
import sys
import time

import torch
import torch.nn.functional as F

LAYERS, HIDDEN, HEADS, SEQUENCE, VOCABULARY, BATCH = 6, 384, 6, 256, 4096, 8
SIZE = HIDDEN // HEADS


def parameters(dtype):
    """name → (shape, deviation or None for a LayerNorm's weight, 0 for zeros)"""
    sigma = math.sqrt(1 / (3 * HIDDEN))
    shapes = {"emb": ((VOCABULARY, HIDDEN), sigma)}
    for name in ["emb_ln", "ln_f"] + [f"{layer}.{n}" for layer in range(LAYERS) for n in ("ln1", "ln2")]:
        shapes[name + ".w"], shapes[name + ".b"] = ((HIDDEN,), None), ((HIDDEN,), 0)
    for layer in range(LAYERS):
        for name, out, inputs in (("qkv", 3 * HIDDEN, HIDDEN), ("dense", HIDDEN, HIDDEN), ("up", 4 * HIDDEN, HIDDEN),
                                  ("down", HIDDEN, 4 * HIDDEN)):
            deviation = sigma / math.sqrt(2 * LAYERS) if name in ("dense", "down") else sigma
            shapes[f"{layer}.{name}.w"], shapes[f"{layer}.{name}.b"] = ((out, inputs), deviation), ((out,), 0)
    torch.manual_seed(1)
    return {name: (torch.ones(shape) if deviation is None else torch.randn(shape) * deviation).to(dtype)
            for name, (shape, deviation) in shapes.items()}


def layer_norm(p, name, x):
    return F.layer_norm(x, (HIDDEN,), p[name + ".w"], p[name + ".b"])


def linear(p, name, x):
    return F.linear(x, p[name + ".w"], p[name + ".b"])


def loss_of(p, bias, tokens, targets):
    x = layer_norm(p, "emb_ln", F.embedding(tokens, p["emb"]))
    for layer in range(LAYERS):
        qkv = linear(p, f"{layer}.qkv", layer_norm(p, f"{layer}.ln1", x))
        q, k, v = (part.transpose(1, 2).reshape(BATCH * HEADS, SEQUENCE, SIZE)
                   for part in qkv.view(BATCH, SEQUENCE, HEADS, 3, SIZE).unbind(3))
        scores = torch.baddbmm(bias, q, k.transpose(1, 2), alpha=1 / math.sqrt(SIZE))
        attended = torch.bmm(scores.softmax(-1), v).view(BATCH, HEADS, SEQUENCE, SIZE)
        x = x + linear(p, f"{layer}.dense", attended.transpose(1, 2).reshape(BATCH, SEQUENCE, HIDDEN))
        wide = F.gelu(linear(p, f"{layer}.up", layer_norm(p, f"{layer}.ln2", x)), approximate="tanh")
        x = x + linear(p, f"{layer}.down", wide)
    logits = F.linear(layer_norm(p, "ln_f", x), p["emb"])
    return F.cross_entropy(logits.view(-1, VOCABULARY).float(), targets.view(-1))


def tokens_per_second(steps):
    weights = {name: value.requires_grad_() for name, value in parameters(torch.bfloat16).items()}
    master = {name: value.detach().float() for name, value in weights.items()}
    decayed = [m for m in master.values() if m.dim() == 2]
    others = [m for m in master.values() if m.dim() == 1]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}],
                                  lr=1e-4, betas=(0.9, 0.95))
    slopes = torch.tensor([2.0 ** (-8 * (h + 1) / 4) if h < 4 else 2.0 ** (-(2 * (h - 4) + 1)) for h in range(HEADS)])
    distance = torch.arange(SEQUENCE).view(1, 1, -1) - torch.arange(SEQUENCE).view(1, -1, 1)
    bias = (slopes.view(-1, 1, 1) * distance).masked_fill(distance > 0, -1e9)
    bias = bias.repeat(BATCH, 1, 1).bfloat16()
    tokens = torch.randint(VOCABULARY, (BATCH, SEQUENCE))
    targets = torch.randint(VOCABULARY, (BATCH, SEQUENCE))
    best = float("inf")
    for step in range(steps):
        start = time.perf_counter()
        loss = loss_of(weights, bias, tokens, targets)
        loss.backward()
        for name, value in weights.items():
            master[name].grad = value.grad.float()
            value.grad = None
        optimizer.step()
        with torch.no_grad():
            for name, value in weights.items():
                value.copy_(master[name])
        seconds = time.perf_counter() - start
        best = min(best, seconds)
        print(f"torch step {step + 1}: loss {loss.item():.4f}, {seconds:.3f} s", file=sys.stderr)
    return BATCH * SEQUENCE / best


def gemm_flops_per_second():
    flops, seconds, rows = 0.0, 0.0, BATCH * SEQUENCE
    for inputs, outputs in ((HIDDEN, 3 * HIDDEN), (HIDDEN, HIDDEN), (HIDDEN, 4 * HIDDEN), (4 * HIDDEN, HIDDEN)):
        x, w, y = (torch.randn(s).bfloat16() for s in ((rows, inputs), (outputs, inputs), (rows, outputs)))
        for product in (lambda: x @ w.t(), lambda: y @ w, lambda: y.t() @ x):
            best = float("inf")
            for _ in range(7):
                start = time.perf_counter()
                product()
                best = min(best, time.perf_counter() - start)
            flops += 2.0 * rows * inputs * outputs
            seconds += best
    return flops / seconds


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(tokens_per_second(int(sys.argv[1]) if len(sys.argv) > 1 else 6), gemm_flops_per_second())

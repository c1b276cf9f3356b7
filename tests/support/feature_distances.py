"""The oracles of FID and KID: scipy's matrix root, and the MMD written as loops."""
import numpy as np
import scipy.linalg


def fid_by_scipy(x, y):
    """FID of images, or features, (N, …) and (M, …)."""
    x = np.asarray(x.flatten(1).double())
    y = np.asarray(y.flatten(1).double())
    a = np.cov(x, rowvar=False)
    b = np.cov(y, rowvar=False)
    of_means = ((x.mean(0) - y.mean(0)) ** 2).sum()
    return of_means + np.trace(a + b - 2 * scipy.linalg.sqrtm(a @ b).real)


def mmd_by_loops(x, y):
    """The unbiased squared MMD of images, or features, (N, …) and (M, …)."""
    x = x.flatten(1).double().tolist()
    y = y.flatten(1).double().tolist()

    def k(a, b):
        product = sum(p * q for p, q in zip(a, b, strict=True))
        return (product / len(a) + 1) ** 3

    def within(s):
        total = 0.0
        for i, a in enumerate(s):
            for j, b in enumerate(s):
                if i != j:
                    total += k(a, b)
        return total / (len(s) * (len(s) - 1))

    between = sum(k(a, b) for a in x for b in y) / (len(x) * len(y))
    return within(x) + within(y) - 2 * between

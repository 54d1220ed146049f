"""Spike-and-slab sparse coding with variational inference.

I. Goodfellow, A. Courville and Y. Bengio, Large-scale feature learning with spike-and-slab sparse
coding, ICML 2012. A whitened patch v is made by

    h_i ~ Bernoulli(sigmoid(b_i)),  s_i | h_i ~ Normal(0, 1 / a_i),  v ~ Normal(W (h s), 1 / beta)

with columns W_i of norm 1. The posterior is approximated by independent pairs (h_i, s_i).
"""

import numpy as np


class Dictionary:
    """The parameters W [D, K], b [K], a [K] and beta, and what they say of patches."""

    def __init__(self, atoms, bias, slab, precision):
        """Keeps the parameters."""
        self.atoms, self.bias, self.slab, self.precision = atoms, bias, slab, precision

    def infer(self, patches, rounds=20, damping=0.5):
        """Spike probabilities h and slab means s [N, K] of patches [N, D], by damped fixed-point steps."""
        beta, slab = self.precision, self.slab
        gram = self.atoms.T @ self.atoms
        drive = patches @ self.atoms
        total = slab + beta
        spikes = np.full_like(drive, 0.1)
        means = drive * (beta / total)
        offset = self.bias + 0.5 * np.log(slab / total)
        for _ in range(rounds):
            # What is left for an atom once all others have taken their part.
            rest = drive - (spikes * means) @ gram + spikes * means
            target = rest * (beta / total)
            # Bounded, so that steps that swing do not grow.
            means = damping * target + (1 - damping) * np.clip(means, -8, 8)
            # At s = beta rest / total the exponent is total s² / 2.
            evidence = offset + beta * rest * means - 0.5 * total * means**2
            spikes = damping * sigmoid(evidence) + (1 - damping) * spikes
        return spikes, means

    def reconstruct(self, spikes, means):
        """Patches from the expected code."""
        return (spikes * means) @ self.atoms.T


class Learner:
    """Stochastic variational EM: running sums of sufficient statistics, one M step a batch."""

    def __init__(self, dimensions, atoms, target, seed):
        """Begins with random atoms; `target` is the mean number of active atoms aimed at."""
        rng = np.random.default_rng(seed)
        start = rng.normal(size=(dimensions, atoms)).astype(np.float32)
        bias = np.full(atoms, logit(target / atoms), np.float32)
        slab = np.full(atoms, 0.25, np.float32)
        self.dictionary = Dictionary(start / np.linalg.norm(start, axis=0), bias, slab, 4.0)
        self.target = target / atoms
        self.codes = np.zeros((atoms, atoms))
        self.products = np.zeros((dimensions, atoms))
        self.use = np.full(atoms, self.target)
        self.power = np.full(atoms, self.target / 0.25)
        self.error = 0.25

    def step(self, patches, rate):
        """One batch: infers codes, moves the statistics by `rate`, and sets the parameters from them."""
        d = self.dictionary
        spikes, means = d.infer(patches)
        code, count = spikes * means, len(patches)
        second = spikes * (means**2 + 1 / (d.slab + d.precision))
        outer = code.T @ code / count
        outer[np.diag_indices_from(outer)] = second.mean(0)
        self.codes += rate * (outer - self.codes)
        self.products += rate * (patches.T @ code / count - self.products)
        self.use += rate * (spikes.mean(0) - self.use)
        self.power += rate * (second.mean(0) - self.power)
        residual = patches - d.reconstruct(spikes, means)
        uncertain = (second - code**2).sum(1).mean()
        error = ((residual**2).sum(1).mean() + uncertain) / patches.shape[1]
        self.error += rate * (error - self.error)
        self.move_atoms()
        # A spike as rare as the target on average, between atoms as the data has it.
        prior = 0.5 * self.use + 0.5 * self.target
        d.bias = logit(np.clip(prior * self.target / prior.mean(), 1e-4, 0.5)).astype(np.float32)
        d.slab = np.clip(self.use / np.maximum(self.power, 1e-6), 0.02, 4).astype(np.float32)
        d.precision = float(np.clip(1 / self.error, 1, 4))

    def move_atoms(self):
        """One round of block coordinate descent on the atoms (Mairal and others, 2009)."""
        atoms = self.dictionary.atoms.astype(np.float64)
        for k in range(atoms.shape[1]):
            if self.codes[k, k] > 1e-5:
                gap = self.products[:, k] - atoms @ self.codes[:, k]
                atoms[:, k] += gap / self.codes[k, k]
                atoms[:, k] /= np.linalg.norm(atoms[:, k])
        self.dictionary.atoms = atoms.astype(np.float32)


def sigmoid(x):
    """The logistic function."""
    return 0.5 * (1 + np.tanh(0.5 * x))


def logit(p):
    """The inverse of the logistic function."""
    return np.log(p / (1 - p))

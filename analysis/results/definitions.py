r"""What the numbers are: the formula of a measure, in TeX, and the paper that it comes from.

The words are the columns' own (`columns.Column`). Letters: images i of n, true class y, predicted class \hat y, feature
f, direction w_k of class k (its row of the classifier), bias b_k; a tilde marks what is centred: features less their
mean over the clean test images, directions less their mean. A, B are the weights that two tickets keep.
"""

from __future__ import annotations

from typing import NamedTuple


class Definition(NamedTuple):
    """A formula in TeX, without dollar signs, and a paper; either may be ""."""

    formula: str
    paper: str = ""


HENDRYCKS = "Hendrycks & Dietterich 2019, arXiv 1903.12261"
COLLAPSE = "Papyan, Han & Donoho 2020, arXiv 2008.08186"

DEFINITIONS: dict[str, Definition] = {
    "accuracy": Definition(r"\frac{1}{n} \sum_i [\hat y_i = y_i]"),
    "sparsity": Definition(r"1 - \frac{|A|}{\text{prunable weights}}"),
    "corrupted": Definition(
        r"\frac{1}{|C|} \sum_{c \in C} \frac{1}{|S|} \sum_{s \in S} \mathrm{accuracy}_{c,s}",
        "Croce et al. 2021, arXiv 2010.09670",
    ),
    "mce": Definition(r"\frac{1}{|C|} \sum_c \frac{\sum_s E_{c,s}}{\sum_s E^{\text{ref}}_{c,s}}", HENDRYCKS),
    "relative_mce": Definition(
        r"\frac{1}{|C|} \sum_c \frac{\sum_s (E_{c,s} - E_{\text{clean}})}"
        r"{\sum_s (E^{\text{ref}}_{c,s} - E^{\text{ref}}_{\text{clean}})}",
        HENDRYCKS,
    ),
    "effective": Definition(
        r"\mathrm{acc}_{\text{corrupted}} - \sigma(\beta_0 + \beta_1 \operatorname{logit} \mathrm{acc}_{\text{clean}})",
        "Taori et al. 2020, arXiv 2007.00644",
    ),
    "gap": Definition(r"\min_{k \neq y} \angle(\tilde f, \tilde w_k) - \angle(\tilde f, \tilde w_y)"),
    "raw_gap": Definition(r"\min_{k \neq y} \angle(f, w_k) - \angle(f, w_y)"),
    "angle": Definition(r"\angle(f, w_y) = \arccos \frac{f \cdot w_y}{\lVert f \rVert \lVert w_y \rVert}"),
    "centred_angle": Definition(r"\angle(\tilde f, \tilde w_y)"),
    "length": Definition(r"\lVert f \rVert"),
    "relative_length": Definition(r"\lVert \tilde f \rVert \,/\, \overline{\lVert \tilde f \rVert}_{\text{clean}}"),
    "margin": Definition(
        r"\min_{k \neq y} \frac{(w_y - w_k) \cdot f + b_y - b_k}{\lVert w_y - w_k \rVert}",
        "Elsayed et al. 2018, arXiv 1803.05598",
    ),
    "confidence": Definition(r"\max_k \operatorname{softmax}(z)_k"),
    "ece": Definition(
        r"\sum_b \frac{n_b}{n} \left| \mathrm{accuracy}_b - \mathrm{confidence}_b \right|",
        "Naeini et al. 2015; bins of equal mass",
    ),
    "brier": Definition(r"\frac{1}{n} \sum_i \sum_k (p_{ik} - [k = y_i])^2", "Brier 1950"),
    "nll": Definition(r"-\frac{1}{n} \sum_i \log p_{i y_i}"),
    "flipped": Definition(r"\frac{1}{n} \sum_i [\hat y_i \neq \hat y'_i]", "Milani Fard et al. 2016"),
    "lost": Definition(r"\frac{1}{n} \sum_i [\hat y_i = y_i \wedge \hat y'_i \neq y_i]"),
    "gained": Definition(r"\frac{1}{n} \sum_i [\hat y_i \neq y_i \wedge \hat y'_i = y_i]"),
    "overlap": Definition(r"\frac{|A \cap B|}{\min(|A|, |B|)}", "Szymkiewicz 1934, Simpson 1943"),
    "chance_layers": Definition(r"\frac{\sum_l |A_l| |B_l| / n_l}{\min(|A|, |B|)}"),
    "cka": Definition(
        r"\frac{\operatorname{HSIC}(X, Y)}{\sqrt{\operatorname{HSIC}(X, X) \operatorname{HSIC}(Y, Y)}}",
        "Kornblith et al. 2019, arXiv 1905.00414; debiased",
    ),
    "rank": Definition(
        r"\exp\left(-\sum_j p_j \log p_j\right), \quad p_j = \sigma_j / \textstyle\sum_k \sigma_k",
        "Roy & Vetterli 2007",
    ),
    "dimension": Definition(
        r"d: \; 1 - F(\mu) = \mu^{-d}, \quad \mu = r_2 / r_1", "TwoNN: Facco et al. 2017, arXiv 1803.06992"
    ),
    "nc1": Definition(r"\operatorname{tr}(S_W S_B^{+}) / K", COLLAPSE),
    "nc2_norms": Definition(
        r"\operatorname{std}_k \lVert \tilde\mu_k \rVert \,/\, \operatorname{mean}_k \lVert \tilde\mu_k \rVert",
        COLLAPSE,
    ),
    "nc2_angles": Definition(
        r"\operatorname{mean}_{j \neq k} \left| \cos(\tilde\mu_j, \tilde\mu_k) + \tfrac{1}{K - 1} \right|", COLLAPSE
    ),
    "nc3": Definition(
        r"\left\lVert \tfrac{W}{\lVert W \rVert_F} - \tfrac{M}{\lVert M \rVert_F} \right\rVert_F", COLLAPSE
    ),
    "nc4": Definition(r"\frac{1}{n} \sum_i [\arg\min_k \lVert f_i - \mu_k \rVert \neq \hat y_i]", COLLAPSE),
    "barrier": Definition(
        r"\max_{\alpha} E(\alpha \theta_1 + (1 - \alpha) \theta_2) - \tfrac{1}{2} (E(\theta_1) + E(\theta_2))",
        "Frankle et al. 2020, arXiv 1912.05671",
    ),
    "tau": Definition(r"\frac{\text{concordant} - \text{discordant pairs}}{\text{pairs}}", "Kendall 1938"),
    "r": Definition(r"\frac{\operatorname{cov}(x, y)}{\operatorname{sd}(x) \operatorname{sd}(y)}"),
    "p_holm": Definition(r"\max_{j \leq i} \min(1, (m - j + 1)\, p_{(j)})", "Holm 1979"),
    "p_equivalent": Definition(
        r"\max(p_{\text{difference} \leq -d},\; p_{\text{difference} \geq d})", "Schuirmann 1987"
    ),
}
"""By the name of the column, in the results and in what pages give away."""

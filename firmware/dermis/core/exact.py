"""Mathematics in integers of any size, without rounding: determinants, linear equations, roots."""

COEFFICIENT_BITS = 12  # of the fraction of `solve`


def determinants(matrix, size):
    """Leading principal minors of an integer matrix (rows of `size`), in exact integers (Bareiss 1968).

    Returns `size` + 1 of them, the first 1; those beyond a zero are 0. Changes the matrix: its entries i, j from
    `size` on become the determinants of the first `size` rows and columns with row i and column j put to them.
    """
    minors = [1]
    before = 1
    for k in range(size):
        pivot = matrix[k][k]
        minors.append(pivot)
        if pivot == 0:
            return minors + [0] * (size - k - 1)
        for i in range(k + 1, len(matrix)):
            for j in range(k + 1, len(matrix[i])):
                matrix[i][j] = (matrix[i][j] * pivot - matrix[i][k] * matrix[k][j]) // before
        before = pivot
    return minors


def solve(matrix, size):
    """Coefficients of the `size` columns for the last one, Q12, floor; None where they do not stand alone.

    matrix: size + 1 rows of products, the last column the right-hand side. Changes it.
    """
    if determinants(matrix[:size], size)[size] <= 0:
        return None
    # The elimination leaves an upper triangle; back substitution over the common denominator matrix[size-1][size-1].
    common = matrix[size - 1][size - 1]
    scaled = [0] * size
    for k in range(size - 1, -1, -1):
        total = matrix[k][size] * common
        for j in range(k + 1, size):
            total -= matrix[k][j] * scaled[j]
        scaled[k] = total // matrix[k][k]
    return [(value << COEFFICIENT_BITS) // common for value in scaled]


def integer_root(value):
    """Nearest integer to the square root of a non-negative integer of any size."""
    if value == 0:
        return 0
    value *= 4
    root = 1 << ((len(bin(value)) - 1) // 2 + 1)
    while True:
        better = (root + value // root) // 2
        if better >= root:
            return (root + 1) // 2
        root = better

// A product of two matrices that are both computed: read where they lie, by any strides.
#pragma once

/// result = alpha * left * right + beta * addend; strides count floats.
///
/// Every element of the result is reduced by one accumulator over the inner axis in order, whatever the rows and columns
/// that are asked for.
typedef struct {
    long rows, inner, columns;
    long leftRow, leftInner;
    long rightInner, rightColumn;
    /// Columns of the result lie side by side.
    long resultRow;
    float alpha, beta;
    /// Of the addend, which may be absent; 0 where it is repeated, else a column's step is 1.
    long addendRow, addendColumn;
    /// Not 0: the right matrix lies in panels, as packMatrix makes them.
    long isPacked;
} ProductGeometry;

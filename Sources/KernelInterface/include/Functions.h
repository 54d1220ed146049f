// Functions of one and two numbers by name, for the kernels that apply them to every element.
#pragma once

/// y = f(x), within 2.5 units in the last place; `a` and `b` are what some functions have as parameters.
typedef enum __attribute__((enum_extensibility(closed))) : long {
    UnaryFunctionExp = 0,
    UnaryFunctionLog = 1,
    UnaryFunctionErf = 2,
    UnaryFunctionSin = 3,
    UnaryFunctionCos = 4,
    UnaryFunctionTan = 5,
    UnaryFunctionSoftplus = 6,
    /// x / (1 + |x|)
    UnaryFunctionSoftsign = 7,
    /// x < 0 ? a (exp(b x) - 1) : x
    UnaryFunctionElu = 8,
    /// x < 0 ? a (exp(x) - 1) : b x
    UnaryFunctionSelu = 9,
    /// x tanh(softplus(x))
    UnaryFunctionMish = 10,
    /// x times the normal distribution's integral up to x
    UnaryFunctionGelu = 11,
    /// The same by a hyperbolic tangent.
    UnaryFunctionGeluTanh = 12,
    /// x / (1 + exp(-a x))
    UnaryFunctionSwish = 13,
    /// max(0, min(1, a x + b))
    UnaryFunctionHardSigmoid = 14,
    /// x max(0, min(1, x / 6 + 1 / 2))
    UnaryFunctionHardSwish = 15,
    /// x < 0 ? a x : x
    UnaryFunctionLeakyRelu = 16,
    /// x > a ? x : 0
    UnaryFunctionThresholdedRelu = 17,
    /// x < -a ? x + b : x > a ? x - b : 0
    UnaryFunctionShrink = 18,
    UnaryFunctionAbs = 19,
    UnaryFunctionNeg = 20,
    UnaryFunctionSqrt = 21,
    UnaryFunctionReciprocal = 22,
    UnaryFunctionFloor = 23,
    UnaryFunctionCeil = 24,
    /// Halves to even.
    UnaryFunctionRound = 25,
    UnaryFunctionSign = 26,
    /// x to the power of a
    UnaryFunctionPower = 27,
    /// The nearest number that float16 has, ties to even.
    UnaryFunctionHalf = 28,
    /// The nearest number that bfloat16 has, ties to even.
    UnaryFunctionBrainHalf = 29,
    UnaryFunctionAcos = 30,
    UnaryFunctionAcosh = 31,
    UnaryFunctionAsin = 32,
    UnaryFunctionAsinh = 33,
    UnaryFunctionAtan = 34,
    UnaryFunctionAtanh = 35,
    UnaryFunctionCosh = 36,
    UnaryFunctionSinh = 37,
} UnaryFunction;

/// z = x o y; what is not a number stays so.
typedef enum __attribute__((enum_extensibility(closed))) : long {
    BinaryFunctionAdd = 0,
    BinaryFunctionSubtract = 1,
    BinaryFunctionMultiply = 2,
    BinaryFunctionDivide = 3,
    BinaryFunctionMaximum = 4,
    BinaryFunctionMinimum = 5,
    BinaryFunctionPower = 6,
    /// x < 0 ? x y : x
    BinaryFunctionPRelu = 7,
    /// The remainder with the sign of x, as C's fmod has it.
    BinaryFunctionRemainder = 8,
} BinaryFunction;

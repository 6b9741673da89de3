/** cel-go's `math`. The checker combines three or more numbers into one list, like cel-go's macro. */
export const MATH = `
math_greatest: math.greatest(int) int
math_greatest: math.greatest(uint) uint
math_greatest: math.greatest(double) double
math_greatest: math.greatest(int, int) int
math_greatest: math.greatest(uint, uint) uint
math_greatest: math.greatest(double, double) double
math_greatest: math.greatest(number, number) dyn
math_greatest: math.greatest(list(int)) int !
math_greatest: math.greatest(list(uint)) uint !
math_greatest: math.greatest(list(double)) double !
math_least: math.least(int) int
math_least: math.least(uint) uint
math_least: math.least(double) double
math_least: math.least(int, int) int
math_least: math.least(uint, uint) uint
math_least: math.least(double, double) double
math_least: math.least(number, number) dyn
math_least: math.least(list(int)) int !
math_least: math.least(list(uint)) uint !
math_least: math.least(list(double)) double !
math_ceil: math.ceil(double) double
math_floor: math.floor(double) double
math_round: math.round(double) double
math_trunc: math.trunc(double) double
math_abs_int: math.abs(int) int !
math_abs_uint: math.abs(uint) uint
math_abs_double: math.abs(double) double
math_sign_int: math.sign(int) int
math_sign_uint: math.sign(uint) uint
math_sign_double: math.sign(double) double
math_sqrt_int: math.sqrt(int) double
math_sqrt_uint: math.sqrt(uint) double
math_sqrt_double: math.sqrt(double) double
math_is_nan: math.isNaN(double) bool
math_is_inf: math.isInf(double) bool
math_is_finite: math.isFinite(double) bool
math_bit_and_int: math.bitAnd(int, int) int
math_bit_and_uint: math.bitAnd(uint, uint) uint
math_bit_or_int: math.bitOr(int, int) int
math_bit_or_uint: math.bitOr(uint, uint) uint
math_bit_xor_int: math.bitXor(int, int) int
math_bit_xor_uint: math.bitXor(uint, uint) uint
math_bit_not_int: math.bitNot(int) int
math_bit_not_uint: math.bitNot(uint) uint
math_shift_left_int: math.bitShiftLeft(int, int) int !
math_shift_left_uint: math.bitShiftLeft(uint, int) uint !
math_shift_right_int: math.bitShiftRight(int, int) int !
math_shift_right_uint: math.bitShiftRight(uint, int) uint !
`;

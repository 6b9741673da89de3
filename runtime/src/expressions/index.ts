// Expressions: functions that compiled CEL calls, over values of JavaScript and messages of protobuf-es. It imports no
// other room. Functions with regular expressions are in patterns.ts.
export { getExtension, hasExtension, isFieldSet } from "@bufbuild/protobuf";
export { anyPack } from "@bufbuild/protobuf/wkt";
export * from "./collections/collection.ts";
export * from "./collections/list.ts";
export { cast, castMap, castMessage } from "./conversion/cast.ts";
export * from "./conversion/conversion.ts";
export {
  add,
  divide,
  hoursOf,
  millisecondsOf,
  minutesOf,
  modulo,
  multiply,
  negate,
  numbers,
  reverse,
  secondsOf,
  subtract,
  sumAny,
} from "./conversion/dynamic.ts";
export { compare, compareBytes, compareText, compareTime, equal, isIn, unequal } from "./conversion/equal.ts";
export { addBytes, format } from "./conversion/format.ts";
export * from "./conversion/json.ts";
export { anyUnlessNull, fromAny, fromMessage, toAny } from "./conversion/message.ts";
export { formatAny, formatTime } from "./conversion/time-format.ts";
export { all, and, countedAnd, countedOr, exists, noFunction, once, or } from "./logic.ts";
export * from "./math.ts";
export { addMoney, multiplyMoney, sumMoney } from "./money.ts";
export { shareOf } from "./share.ts";
export { holds, present } from "./strict.ts";
export { decodeBase64, encodeBase64 } from "./text/base64.ts";
export * from "./text/text.ts";
export * from "./text/url.ts";
export { addDays, addMonths, addYears, truncateTime } from "./time/calendar.ts";
export {
  addDurations,
  addToTimestamp,
  between,
  date,
  dayOfMonth,
  dayOfWeek,
  dayOfYear,
  duration as durationFrom,
  durationHours,
  durationMilliseconds,
  durationMinutes,
  durationSeconds,
  fullYear,
  hours,
  milliseconds,
  minutes,
  month,
  seconds,
  subtractDurations,
  subtractFromTimestamp,
  timestamp as timestampFrom,
} from "./time/time.ts";
export { enumFrom, enumName, enumParse, enumText } from "./value/enum.ts";
export { ExpressionError } from "./value/error.ts";
export {
  addInt,
  addUint,
  divideInt,
  divideUint,
  moduloInt,
  moduloUint,
  multiplyInt,
  multiplyUint,
  negateInt,
  subtractInt,
  subtractUint,
  toInt32,
  toUint32,
} from "./value/integer.ts";
export { counted, countedAlone } from "./value/meter.ts";
export { finds, isMissing, lacksFields, leaveMissing, withMissing } from "./value/missing.ts";
export * from "./value/optional.ts";
export type { AnyTypes } from "./value/shape.ts";
export { type Key, keyOf, Type, typeNamed, Uint, uint, uintKeys } from "./value/value.ts";

// Expressions: functions that compiled CEL calls, over values of JavaScript and messages of protobuf-es. It imports no
// other room. Everything here is re-exported by the runtime's index.ts.
export { getExtension, hasExtension, isFieldSet } from "@bufbuild/protobuf";
export { anyPack } from "@bufbuild/protobuf/wkt";
export {
  at,
  convertMap,
  elementAt,
  entriesBy,
  entry,
  find,
  findField,
  findOptional,
  hasField,
  hasKey,
  index,
  items,
  mapOf,
  mapOfAny,
  mapValues,
  numbered,
  pairs,
  position,
  select,
  sum,
  sumInt,
  sumUint,
  take,
  toMap,
  toRecord,
  transformMap,
  transformMapEntry,
  valueAt,
  withoutNulls,
} from "./collections/collection.ts";
export {
  containsAll,
  distinct,
  equivalent,
  first,
  flat,
  flatten,
  intersects,
  last,
  range,
  reduce,
  slice,
  sort,
  sortAny,
  sortBy,
  sortByDesc,
  sortDesc,
  sortDescAny,
} from "./collections/list.ts";
export { cast, castMap, castMessage } from "./conversion/cast.ts";
export {
  enumNumber,
  toBool,
  toBytes,
  toDouble,
  toDuration,
  toInt,
  toText,
  toTimestamp,
  toUint,
  typeName,
  typeOf,
} from "./conversion/conversion.ts";
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
export {
  fromJsonValue,
  fromListValue,
  fromStruct,
  toJsonList,
  toJsonObject,
  toJsonValue,
  toListValue,
  toStruct,
  toValue,
} from "./conversion/json.ts";
export { anyUnlessNull, fromAny, fromMessage, toAny } from "./conversion/message.ts";
export { formatAny, formatTime } from "./conversion/time-format.ts";
export { all, and, countedAnd, countedOr, exists, noFunction, once, or } from "./logic.ts";
export {
  abs,
  absInt,
  bitNot,
  bitNotUint,
  bits,
  greatest,
  least,
  pageSize,
  round,
  shiftLeft,
  shiftLeftInt,
  shiftLeftUint,
  shiftRight,
  shiftRightInt,
  shiftRightUint,
  sign,
  signInt,
  sqrt,
} from "./math.ts";
export { shareOf } from "./share.ts";
export { holds, present } from "./strict.ts";
export { decodeBase64, encodeBase64 } from "./text/base64.ts";
export { matches, type Pattern, pattern } from "./text/pattern.ts";
export { extract, extractAll, replacePattern } from "./text/regex.ts";
export {
  charAt,
  indexOf,
  join,
  lastIndexOf,
  lower,
  lowerAscii,
  quote,
  repeat,
  replace,
  reverseText,
  size,
  split,
  substring,
  textSize,
  trim,
  trimPrefix,
  trimSuffix,
  upper,
  upperAscii,
} from "./text/text.ts";
export {
  decodeUrl,
  encodeUrl,
  isUrl,
  urlEscapedPath,
  urlHost,
  urlHostname,
  urlPort,
  urlQuery,
  urlScheme,
} from "./text/url.ts";
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
export {
  ifFieldSet,
  memberOf,
  nonZero,
  nonZeroMessage,
  Optional,
  oneofValue,
  optionalElement,
  optionalEntry,
  optionalField,
  optionalNone,
  optionalOf,
  optionalValue,
  orElse,
  orNull,
  required,
  unlessNull,
  unlessUnset,
  unwrapped,
} from "./value/optional.ts";
export type { AnyTypes } from "./value/shape.ts";
export { type Key, keyOf, Type, typeNamed, Uint, uint, uintKeys } from "./value/value.ts";

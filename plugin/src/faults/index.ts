// Entry of the compiler: types of the plan's JSON, predictions and their table.
export type * from "./behaviour.ts";
export { givenCaller } from "./caller.ts";
export { type RpcTable, tableOf } from "./cells.ts";
export { codeName, declaredCodes } from "./codes.ts";
export type { Caller } from "./composition/admission.ts";
export { ADDRESS } from "./composition/expressions.ts";
export { outageOf } from "./outage.ts";
export { type Conditions, type Prediction, writtenPrediction } from "./predict.ts";
export { tableText } from "./table.ts";
export { isListValue, type Value } from "./values/values.ts";

/** A call and its answer, for replaying. JSON of protobuf throughout. */
export interface Example {
  /** `billing.v1.BillingService/GetUsage` */
  readonly method: string;
  readonly request: object;
}

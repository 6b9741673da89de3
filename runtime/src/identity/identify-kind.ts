/** How a call identifies the caller to its upstream: `identify` of the options. */
export type Identify = "signed" | "token" | "plain";

/** How a call tells its upstream who is calling: `identify` of the options. */
export type Identify = "signed" | "token" | "plain";

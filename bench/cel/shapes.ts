// The messages of shop.proto as protobuf-es has them, for the code by hand.
export interface User {
  readonly name: string;
  readonly email: string;
  readonly age: number;
  readonly active: boolean;
  readonly roles: readonly string[];
  readonly tier: number;
  readonly labels: { readonly [key: string]: string };
  readonly points: bigint;
  readonly address?: { readonly city: string; readonly country: string };
}

export interface Item {
  readonly sku: string;
  readonly quantity: number;
  readonly price: number;
  readonly available: boolean;
  readonly tags: readonly string[];
}

export interface Order {
  readonly items: readonly Item[];
  readonly totalCents: bigint;
  readonly placed?: { readonly seconds: bigint; readonly nanos: number };
  readonly discount: number;
}

// Types of selections, derived from the types that protoc-gen-es generates.
import type { Message } from "@bufbuild/protobuf";

/**
 * Selection of fields of a message, as `select` takes it. Members of a oneof are keys like other fields.
 *
 * - `true` selects a field; for a message, the fields that are sent by default.
 * - `"*"` selects all fields of a message.
 * - An object selects fields of a message, of each item of a list, or of each value of a map.
 *
 * Messages of `google.protobuf` are selected whole, by `true`.
 */
export type Selection<T extends Message> = "*" | (IsDynamic<T> extends true ? DynamicFields : Fields<T>);

type Fields<T extends Message> = { readonly [K in Name<T>]?: FieldSelection<Value<T, K>> | undefined };
type FieldSelection<V> = [MessageIn<V>] extends [never] ? true : true | Selection<MessageIn<V>>;

/** A descriptor without generated code has no types of fields: names are checked at run time only. */
type IsDynamic<T extends Message> = string extends T["$typeName"] ? true : false;
interface DynamicFields {
  readonly [name: string]: true | "*" | DynamicFields | undefined;
}

/** Names of fields and of members of oneofs. */
type Name<T extends Message> = Exclude<keyof T & string, keyof Message | OneofName<T>> | Member<T[OneofName<T>]>;
type OneofName<T extends Message> = {
  [K in keyof T & string]-?: NonNullable<T[K]> extends Message ? never : T[K] extends Oneof ? K : never;
}[keyof T & string];
interface Oneof {
  readonly case: string | undefined;
  readonly value?: unknown;
}
type Member<O> = O extends { readonly case: infer Case extends string } ? Case : never;

type Value<T extends Message, K extends string> =
  K extends Exclude<keyof T, OneofName<T>>
    ? T[K]
    : Extract<T[OneofName<T>], { readonly case: K }> extends { readonly value: infer V }
      ? V
      : never;

/** The message that a selection below a field selects from; never if the field is selected whole. */
type MessageIn<V> = WithFields<V extends Message | Uint8Array ? V : V extends object ? V[keyof V & number] : never>;
type WithFields<M> = M extends Message ? (M["$typeName"] extends `google.protobuf.${string}` ? never : M) : never;

/** The selection itself; for an unknown field, or a message without selected fields, a text that no selection is. */
export type Checked<T extends Message, S> = S extends "*"
  ? S
  : IsDynamic<T> extends true
    ? S
    : [keyof S] extends [never]
      ? `no field of ${T["$typeName"]} is selected`
      : {
          readonly [K in keyof S]: K extends Name<T>
            ? CheckedField<Value<T, K>, S[K]>
            : `${T["$typeName"]} has no field ${K & string}`;
        };
type CheckedField<V, S> = S extends true | undefined ? S : Checked<MessageIn<V>, S>;

/** A message with the selected fields only. */
export type Narrowed<T extends Message, S> = S extends "*"
  ? T
  : IsDynamic<T> extends true
    ? T
    : {
        [K in keyof T as K extends "$typeName" ? K : Selects<T, K, S> extends true ? K : never]: K extends "$typeName"
          ? T[K]
          : K extends OneofName<T>
            ? NarrowedOneof<T[K], S>
            : NarrowedValue<T[K], S[K & keyof S]>;
      };

/** True if a field, or a member of a oneof, is selected. An optional key of the selection does not count. */
type Selects<T extends Message, K extends keyof T, S> =
  Extract<K extends OneofName<T> ? Member<T[K]> : K, Chosen<S>> extends never ? false : true;
type Chosen<S> = { [K in keyof S]-?: MayBeUndefined<S[K]> extends true ? never : K }[keyof S];
/** Without `strictNullChecks` every type may be undefined: there the key counts. */
type MayBeUndefined<V> = undefined extends V ? (undefined extends true ? false : true) : false;

type NarrowedOneof<O, S> = O extends { readonly case: infer Case extends string; readonly value: infer V }
  ? Case extends Chosen<S>
    ? { case: Case; value: NarrowedValue<V, S[Case & keyof S]> }
    : never
  : O;

type NarrowedValue<V, S> = S extends true | "*"
  ? V
  : V extends Message
    ? Narrowed<V, S>
    : V extends readonly (infer Item)[]
      ? NarrowedValue<Item, S>[]
      : V extends object
        ? { [K in keyof V]: NarrowedValue<V[K], S> }
        : V;

/**
 * Path of a field, derived from a path `P`: the name of a field, or a list of names, of positions in lists and of keys of
 * maps. For an unknown name it has the names that exist.
 */
export type FieldPath<T extends Message, P> = P extends readonly unknown[] ? PathIn<T, P> : KnownName<T>;
type PathIn<V, P> = P extends readonly [infer Step, ...infer Rest]
  ? V extends Message
    ? readonly [KnownName<V>, ...PathIn<NonNullable<Value<V, Step & string>>, Rest>]
    : V extends readonly (infer Item)[]
      ? readonly [number, ...PathIn<Item, Rest>]
      : V extends object
        ? readonly [string | number, ...PathIn<V[keyof V], Rest>]
        : readonly []
  : readonly [];
type KnownName<T extends Message> = IsDynamic<T> extends true ? string : Name<T>;

type Options = Readonly<Record<string, unknown>>;

/** A method of dockerode that this package does itself, as far as it knows the options. */
export interface OwnMethod {
  readonly options: readonly string[];
  call(options: Options): Promise<unknown>;
}

/**
 * An object of dockerode, which is loaded only when something is asked of it that is not done here: another method, an
 * option that is not known here, or a callback.
 */
export function dockerodeHandle<T extends object>(
  id: string,
  own: Readonly<Record<string, OwnMethod>>,
  others: readonly string[],
  loadOriginal: () => T,
): T {
  const ofOriginal = (key: string): unknown => {
    const original = loadOriginal();
    const value: unknown = Reflect.get(original, key);
    return typeof value === "function" ? value.bind(original) : value;
  };
  const methods = Object.entries(own).map(([name, { options: known, call }]) => {
    const method = (...given: readonly unknown[]): unknown => {
      const [options = {}, ...rest] = given;
      if (rest.length > 0 || !isOf(known, options)) return (ofOriginal(name) as typeof method)(...given);
      return call(options);
    };
    return [name, method] as const;
  });
  return new Proxy({ id, ...Object.fromEntries(methods) } as unknown as T, {
    get: (target, key) =>
      typeof key === "string" && others.includes(key) ? ofOriginal(key) : Reflect.get(target, key),
  });
}

/** An option that is undefined is none. */
function isOf(known: readonly string[], options: unknown): options is Options {
  if (typeof options !== "object" || options === null) return false;
  return Object.entries(options).every(([name, value]) => value === undefined || known.includes(name));
}

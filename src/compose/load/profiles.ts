/** What activation looks at of a service. */
interface ProfiledService {
  readonly profiles?: readonly string[];
  readonly depends_on?: Readonly<Record<string, object>>;
}

/**
 * Names of the services that take part: those without profiles, those with an active one (`*`: all), and those that are
 * asked for by name, whose profiles then are active too.
 */
export function activeServices(
  services: Readonly<Record<string, ProfiledService>>,
  profiles: readonly string[],
  asked: readonly string[],
): ReadonlySet<string> {
  const active = new Set([...profiles, ...asked.flatMap((name) => services[name]?.profiles ?? [])]);
  const takesPart = ([name, { profiles: own = [] }]: readonly [string, ProfiledService]): boolean =>
    own.length === 0 || asked.includes(name) || active.has("*") || own.some((profile) => active.has(profile));
  return new Set(
    Object.entries(services)
      .filter(takesPart)
      .map(([name]) => name),
  );
}

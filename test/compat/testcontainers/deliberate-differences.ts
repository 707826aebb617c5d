/** What the original's types call private, and what its values have as instances of classes. */
const own = (...missing: readonly string[]): { readonly missing: readonly string[] } => ({ missing });

const ofContainers = own(
  ...["connectContainerToPortForwarder", "createArchiveToCopyToContainer", "isHelperContainer", "isReaper"],
  ...["reuseContainer", "reuseOrStartContainer", "startContainer"],
);

/**
 * What a program sees otherwise than with the original, by part and fact. docs/migrating-from-testcontainers.md has the
 * reasons.
 */
export const deliberate: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  values: {
    "methods of DockerComposeEnvironment": own("warnForUnusedWaitStrategies"),
    "methods of GenericContainer": ofContainers,
    "methods of GenericContainerBuilder": own("getRegistryConfig"),
    "methods of IntervalRetry": own("hasTimedOut", "wait"),
    "methods of PullPolicy": own("constructor"),
    "methods of SocatContainer": ofContainers,
    "methods of Wait": own("constructor"),
    "methods of log": own("formatMessage", "logger", "renderOptions", "showLevel"),
  },
};

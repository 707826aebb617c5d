import { RuncibleError } from "../../internal/errors";
import { nearestWord } from "../../internal/nearest-word";

export function unknownService(name: string, known: readonly string[]): RuncibleError {
  const nearest = nearestWord(name, known);
  const hint = nearest === undefined ? `it has ${known.join(", ") || "none"}` : `did you mean "${nearest}"?`;
  return new RuncibleError("compose-service-unknown", `find service: the project has no service "${name}"; ${hint}`, {
    evidence: { service: name },
  });
}

import type { JsonObject } from "../../wire/json";
import { defined, listField, objectField, textField, textMapField } from "../http/json-fields";
import type { ImageRunConfigView } from "./image-service";

/**
 * What a body says of an image's `config`, Docker's keys; what is empty in it says nothing. Throws `invalid-argument`.
 */
export function decodeRunConfig(body: JsonObject): ImageRunConfigView {
  const list = (key: string): readonly string[] | undefined => {
    const values = listField(body, key);
    return values.length === 0 ? undefined : values;
  };
  const keys = (key: string): Readonly<Record<string, object>> | undefined => {
    const names = Object.keys(objectField(body, key));
    return names.length === 0 ? undefined : Object.fromEntries(names.map((name) => [name, {}]));
  };
  const labels = textMapField(body, "Labels");
  const healthCheck = objectField(body, "Healthcheck");
  return defined({
    User: textField(body, "User"),
    WorkingDir: textField(body, "WorkingDir"),
    StopSignal: textField(body, "StopSignal"),
    Env: list("Env"),
    Entrypoint: list("Entrypoint"),
    Cmd: list("Cmd"),
    OnBuild: list("OnBuild"),
    ExposedPorts: keys("ExposedPorts"),
    Volumes: keys("Volumes"),
    Labels: Object.keys(labels).length === 0 ? undefined : labels,
    Healthcheck: Object.keys(healthCheck).length === 0 ? undefined : healthCheck,
  });
}

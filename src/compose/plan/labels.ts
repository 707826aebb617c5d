/** The labels by which docker compose, and so we, find what belongs to a project. */
export const label = {
  project: "com.docker.compose.project",
  service: "com.docker.compose.service",
  number: "com.docker.compose.container-number",
  oneOff: "com.docker.compose.oneoff",
  configHash: "com.docker.compose.config-hash",
  workingFolder: "com.docker.compose.project.working_dir",
  files: "com.docker.compose.project.config_files",
  dependsOn: "com.docker.compose.depends_on",
  image: "com.docker.compose.image",
  network: "com.docker.compose.network",
  volume: "com.docker.compose.volume",
  version: "com.docker.compose.version",
} as const;

/** The version of the labels' meaning that other tools look at. */
export const labelVersion = "2.0.0";

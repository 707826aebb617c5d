// Two copies of the package in one process, as an alias and its own name, or two dependencies, bring them.
const [first, second] = process.argv.slice(2).map((folder) => require(folder));

const request = ({ GenericContainer }) => new GenericContainer(process.env.IMAGE).withCommand(["sleep", "1000"]);

async function main() {
  const [a, b] = await Promise.all([request(first).start(), request(second).start()]);
  const engines = await Promise.all(
    [first, second].map(async ({ getContainerRuntimeClient }) => {
      const { container } = await getContainerRuntimeClient();
      return (await container.list()).map(({ Id }) => Id).sort();
    }),
  );
  const network = await new first.Network().start();
  const together = await request(second).withNetwork(network).start();
  const error = await request(first)
    .withCommand(["no-such-program"])
    .start()
    .catch((caught) => caught);
  await Promise.all([a, b, together].map((container) => container.stop()));
  await network.stop();
  console.log(
    JSON.stringify({
      areDifferent: first.GenericContainer !== second.GenericContainer,
      ids: [a.getId(), b.getId()].sort(),
      engines,
      networks: together.getNetworkNames(),
      network: network.getName(),
      isErrorOfOther: second.isRuncibleError(error),
    }),
  );
}

void main();

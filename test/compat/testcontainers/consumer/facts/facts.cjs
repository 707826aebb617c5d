// What a program sees of the package that LIB names, fact by fact; printed as JSON. Run with the original and with ours.
const { GenericContainer } = require(process.env.LIB);

const facts = {};

/** What `look` gives, or the message of what it throws. */
async function fact(name, look) {
  try {
    facts[name] = (await look()) ?? null;
  } catch (error) {
    facts[name] = { error: error.message };
  }
}

const sleeper = () => new GenericContainer(process.env.IMAGE).withCommand(["sleep", "1000"]);
const shell = (script) => new GenericContainer(process.env.IMAGE).withCommand(["sh", "-c", script]);

/** What is seen of a container while it runs. */
async function seenIn(request, look) {
  const container = await request.start();
  try {
    return await look(container);
  } finally {
    await container.stop().catch(() => {});
  }
}

/** Names that the other package, which runs at the same time, has not. */
const named = (name) => `${process.env.WHO}-${name}`;

/** Prints the facts of all parts; what they leave is the reaper's. */
function report(...parts) {
  parts
    .reduce((before, part) => before.then(part), Promise.resolve())
    .then(
      () => process.stdout.write(JSON.stringify(facts), () => process.exit(0)),
      (error) => {
        console.error(error);
        process.exit(1);
      },
    );
}

// Following a log does not keep a process alive; a test runner is alive anyway.
setInterval(() => {}, 1000);

module.exports = { fact, named, report, seenIn, shell, sleeper };

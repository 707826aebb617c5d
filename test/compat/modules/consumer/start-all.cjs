// Starts one container of each class. The images are none of these services: what counts is what is asked of the daemon.
const cases = require("./cases.cjs");
const report = require("./report.cjs");

const paths = { FILE: process.env.FILE, FOLDER: process.env.FOLDER };

async function outcomeOf({ of, class: name, args, calls = [] }) {
  let container = new (require(`@testcontainers/${of}`)[name])(...args);
  for (const [method, ...values] of calls)
    container = container[method](...values.map((value) => paths[value] ?? value));
  try {
    await (await container.start()).stop();
    return "started";
  } catch (error) {
    return error.code ?? error.message;
  }
}

report(async () => {
  const outcomes = {};
  const left = Object.entries(cases);
  const work = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) outcomes[next[0]] = await outcomeOf(next[1]);
  };
  await Promise.all([work(), work(), work(), work()]);
  return outcomes;
});

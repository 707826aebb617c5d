// Prints what a script of a user's found out, as one line of JSON. A failure ends the process with an exit code.
module.exports = async (use) => {
  const owned = [];
  // Node 20 knows no `await using`.
  const own = async (starting) => {
    const started = await starting;
    owned.unshift(started);
    return started;
  };
  try {
    console.log(JSON.stringify(await use(own)));
  } finally {
    for (const started of owned) await started.stop();
  }
};

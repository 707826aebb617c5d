const { AzuriteContainer } = require("@testcontainers/azurite");
const { BlobServiceClient } = require("@azure/storage-blob");
const report = require("./report.cjs");

report(async (own) => {
  const container = await own(
    new AzuriteContainer(process.env.IMAGE).withInMemoryPersistence().withSkipApiVersionCheck().start(),
  );
  const service = BlobServiceClient.fromConnectionString(container.getConnectionString());
  const folder = service.getContainerClient("goods");
  await folder.create();
  await folder.getBlockBlobClient("tea").upload("green", 5);
  const content = await folder.getBlockBlobClient("tea").downloadToBuffer();
  return { content: content.toString() };
});

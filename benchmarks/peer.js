// The peer: BullMQ, bulk add beforehand, attempts + backoff + removeOnComplete, undici with 64 connections.
// argv: redis port, redis password, sink port, number of jobs. Prints seconds from the first job to the last.
const { Queue, Worker } = require('bullmq');
const { Agent, request } = require('undici');

const [redisPort, password, sinkPort, count] = process.argv.slice(2);
const connection = { host: '127.0.0.1', port: Number(redisPort), password, maxRetriesPerRequest: null };
const total = Number(count);

async function main() {
  const queue = new Queue('peer', { connection });
  const options = { attempts: 8, backoff: { type: 'exponential', delay: 5000 }, removeOnComplete: 1000 };
  for (let start = 0; start < total; start += 1000) {
    const jobs = [];
    for (let n = start; n < Math.min(total, start + 1000); n += 1) {
      const person = n % 10000;
      jobs.push({
        name: 'send',
        data: { instance: `bench-${person % 20}`, body: { number: `346${String(person).padStart(8, '0')}`, text: `#${n} hola` } },
        opts: options,
      });
    }
    await queue.addBulk(jobs);
  }
  const dispatcher = new Agent({ connections: 64, pipelining: 1 });
  let done = 0;
  const began = process.hrtime.bigint();
  await new Promise((resolve) => {
    const worker = new Worker(
      'peer',
      async (job) => {
        const answer = await request(`http://127.0.0.1:${sinkPort}/message/sendText/${job.data.instance}`, {
          method: 'POST',
          dispatcher,
          headers: { 'content-type': 'application/json', apikey: 'bench' },
          body: JSON.stringify(job.data.body),
        });
        const body = await answer.body.json();
        if (answer.statusCode !== 201 || !body.key.id) throw new Error(`status ${answer.statusCode}`);
        return body.key.id;
      },
      { connection, concurrency: 64 },
    );
    worker.on('completed', () => {
      done += 1;
      if (done === total) resolve();
    });
  });
  console.log(Number(process.hrtime.bigint() - began) / 1e9);
  process.exit(0);
}

main();

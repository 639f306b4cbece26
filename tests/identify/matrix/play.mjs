// The cases that Node sends: HTTP/2 with prior knowledge, names asked of DNS, a third of HTTP/1.1.
import { readFileSync } from 'node:fs'
import { once } from 'node:events'
import dgram from 'node:dgram'
import dns from 'node:dns'
import http from 'node:http'
import http2 from 'node:http2'

const cases = JSON.parse(readFileSync(0, 'utf8'))

const h2 = http2.createServer((request, response) => {
  request.resume().on('end', () => { response.writeHead(204); response.end() })
}).listen(8082)

// Answers every question with NXDOMAIN.
const names = dgram.createSocket('udp4').on('message', (question, from) => {
  const answer = Buffer.from(question)
  answer.writeUInt16BE(0x8183, 2)
  names.send(answer, from.port, from.address)
}).bind(53)
await Promise.all([once(h2, 'listening'), once(names, 'listening')])

async function overHttp2({ address, host, target, headers, body }) {
  const session = http2.connect(`http://${address}:8082`)
  const head = { ':method': body === null ? 'GET' : 'POST', ':path': target, ':authority': host }
  for (const [name, value] of headers) head[name.toLowerCase()] = value
  const stream = session.request(head)
  stream.end(body === null ? undefined : Buffer.from(body, 'base64'))
  stream.resume()
  await once(stream, 'close')
  session.close()
  await once(session, 'close')
}

async function overHttp1({ address, host, target, headers, body }) {
  const request = http.request({ host: address, path: target, method: body === null ? 'GET' : 'POST', agent: false,
    headers: { Host: host, ...Object.fromEntries(headers) } })
  request.end(body === null ? undefined : Buffer.from(body, 'base64'))
  const [response] = await once(request, 'response')
  response.resume()
  await once(response, 'close')
}

async function ask({ address, host, body }) {
  const resolver = new dns.promises.Resolver({ tries: 1 })
  resolver.setServers([address])
  await resolver.resolve4(`${Buffer.from(body, 'base64')}.${host}`).catch(() => {})
}

for (const one of cases) {
  if (one.protocol === 'HTTP/2') await overHttp2(one)
  else if (one.protocol === 'DNS') await ask(one)
  else await overHttp1(one)
}
h2.close()
names.close()

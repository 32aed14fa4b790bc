// Reads each environment on its standard input with nconf, as Ghost's loader does.
const { Provider } = require('nconf')

const environments = JSON.parse(require('fs').readFileSync(0, 'utf8'))
const before = { ...process.env }
const found = environments.map(variables => {
  process.env = { ...before, ...variables }
  return new Provider().env({ separator: '__', parseValues: true }).get('mail')
})
console.log(JSON.stringify(found))

// Reads each environment on its standard input as n8n does, and prints the options for nodemailer.
const { GlobalConfig } = require('@n8n/config')
const { Container } = require('@n8n/di')

const environments = JSON.parse(require('fs').readFileSync(0, 'utf8'))
const before = { ...process.env }
const found = environments.map(variables => {
  process.env = { ...before, ...variables }
  Container.reset()
  return Container.get(GlobalConfig).userManagement.emails.smtp
})
console.log(JSON.stringify(found))

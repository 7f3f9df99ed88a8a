# SPDX-License-Identifier: Apache-2.0
# ruby-acme-client, told by the environment (../script.py).
require 'acme-client'
require 'json'
require 'net/http'
require 'openssl'

def key(path)
  OpenSSL::PKey.read(File.read(path))
end

def client
  Acme::Client.new(private_key: key(ENV['ACCOUNT']), directory: ENV['DIRECTORY'],
                   connection_options: { ssl: { ca_file: ENV['ROOT'] } }, bad_nonce_retry: 5)
end

def txt(command, host, value)
  Net::HTTP.post(URI("#{ENV['DNS_API']}/#{command}"), { host: "#{host}.", value: value }.to_json)
end

def answer(authorization)
  if ENV['CHALLENGE'] == 'http-01'
    challenge = authorization.http
    File.write("#{ENV['WEBROOT']}/#{challenge.token}", challenge.file_content)
  else
    challenge = authorization.dns
    txt('set-txt', "#{challenge.record_name}.#{authorization.domain}", challenge.record_content)
  end
  challenge.request_validation
  until_not('pending', 'processing') { authorization.reload; authorization.status }
  raise "#{authorization.status}: #{authorization.challenges.map(&:error)}" unless
    authorization.status == 'valid'
end

def until_not(*states)
  100.times do
    return unless states.include?(yield)
    sleep 0.1
  end
end

# The first chain, if none leads to the root that is asked for.
def download(order)
  ENV['CHAIN'] ? order.certificate(force_chain: ENV['CHAIN']) : order.certificate
rescue Acme::Client::Error::ForcedChainNotFound
  order.certificate
end

def issue(client)
  names = ENV['NAMES'].split.map do |name|
    { type: name =~ /\A[0-9.]+\z/ ? 'ip' : 'dns', value: name }
  end
  order = client.new_order(identifiers: names, not_after: ENV['NOT_AFTER'])
  authorizations = order.authorizations
  authorizations.each { |a| answer(a) unless a.status == 'valid' }
  order.finalize(csr: OpenSSL::X509::Request.new(File.read(ENV['CSR'])))
  until_not('processing', 'ready') { order.reload; order.status }
  File.write(ENV['OUT'], download(order))
  authorizations.each(&:deactivate) if ENV['GIVE_UP']
end

case ENV['ACTION']
when 'register'
  client.new_account(contact: "mailto:#{ENV['CONTACT']}", terms_of_service_agreed: true)
when 'issue' then issue(client)
when 'find' then puts client.account.url
when 'update' then client.account_update(contact: "mailto:#{ENV['CONTACT']}")
when 'keychange' then client.account_key_change(new_private_key: key(ENV['NEW']))
when 'deactivate' then client.account_deactivate
when 'revoke'
  client.revoke(certificate: File.read(ENV['OUT']), reason: ENV['REASON'].to_i)
end

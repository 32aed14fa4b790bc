# Sends with each file's settings through ActionMailer, whose `smtp_settings` they set.
# Arguments: the folder of Redmine's code, or nothing for files in Ruby, and the files.
require 'yaml'
require 'erb'
require 'logger'
require 'action_mailer'

redmine, *files = ARGV

class Letter < ActionMailer::Base
  def letter = mail(to: 'x@example.test', from: 'a@b.example', subject: 'a', body: 'hello')
end

if redmine.empty?
  read = ->(file) { load file }
else
  # Its loader asks the rest of the program for these two.
  module Rails; def self.env = 'production'; end
  module Redmine; def self.root = '/nonexistent'; end
  $LOADED_FEATURES << 'redmine.rb'
  require File.join(redmine, 'lib/redmine/configuration')
  read = ->(file) { Redmine::Configuration.load(file: file) }
end

files.each do |file|
  read.call(file)
  Letter.letter.deliver_now
end

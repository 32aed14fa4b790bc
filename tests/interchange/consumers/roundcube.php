<?php
// Connects with each folder's config.inc.php, as Roundcube does before it sends.
// Arguments: its code, the folder of its defaults, and the folders.
define('RCUBE_INSTALL_PATH', $argv[1] . '/');
define('RCUBE_LIB_DIR', $argv[1] . '/program/lib/Roundcube/');
define('RCUBE_CONFIG_DIR', $argv[2] . '/');
require 'PEAR.php';
require RCUBE_LIB_DIR . 'bootstrap.php';
$rcube = rcube::get_instance();
$outcomes = [];
foreach (array_slice($argv, 3) as $folder) {
    putenv("RCUBE_CONFIG_PATH=$folder");
    $rcube->config = new rcube_config();
    $smtp = new rcube_smtp();
    $outcomes[] = $smtp->connect() ? 'connected' : json_encode($smtp->get_response());
    $smtp->disconnect();
}
echo json_encode(array_values(array_unique($outcomes)));

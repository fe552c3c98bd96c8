# Runs in the image's build, as root. Node looks for its compile cache by user, so it is filled as the user that will
# run the server, and given to root afterwards: nothing in the image can be written by the server.
set -e
cache=/srv/seaworthy/compile-cache
mkdir "$cache"
chown 1000:1000 "$cache"
setpriv --reuid=1000 --regid=1000 --clear-groups node /tmp/compile.mjs
chown -R 0:0 "$cache"
chmod -R a+rX "$cache"
rm /tmp/compile.*

#!/bin/sh
# Keeps the password of our own processes as given; gateways are added once each, and survive restarts:
#   docker compose exec mosquitto mosquitto_passwd -b /mosquitto/data/passwords GATEWAY PASSWORD
#   docker compose kill --signal HUP mosquitto
set -eu
passwords=/mosquitto/data/passwords
[ -f "$passwords" ] || { umask 077; : > "$passwords"; }
mosquitto_passwd -b "$passwords" service "$MQTT_PASSWORD"
chown mosquitto:mosquitto "$passwords"
unset MQTT_PASSWORD
exec /usr/sbin/mosquitto -c /mosquitto/config/mosquitto.conf

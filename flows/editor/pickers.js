/* Lists of the registry for the edit dialogs of our nodes. Served with the editor page, before any node is loaded. */
window.parkwarden = (function () {
  'use strict';
  let loading = null;
  const isZh = () => (RED.i18n.lang() || 'zh-CN').toLowerCase().startsWith('zh');
  const nameOf = (item) => (isZh() ? item.nameZh : item.nameEn);

  const registry = () => {
    if (!loading) {
      loading = Promise.resolve($.getJSON('parkwarden/registry')).catch((error) => {
        loading = null;
        throw error;
      });
      setTimeout(() => { loading = null; }, 30000);
    }
    return loading;
  };

  /** Fills a <select> and shows `value`; `any` is the text of the empty choice, absent where there is none. */
  const fill = (selector, items, value, label, any) => {
    const select = $(selector).empty();
    if (any !== undefined) select.append($('<option>').val('').text(any));
    for (const item of items) select.append($('<option>').val(item.id).text(label(item)));
    if (value && !items.some((item) => item.id === value)) select.append($('<option>').val(value).text(`? ${value}`));
    select.val(value || (any === undefined ? items[0] && items[0].id : ''));
    select.trigger('change');
  };

  const limitsOf = (sensor) =>
    ['LL', 'L', 'H', 'HH'].filter((level) => sensor.limits[level] !== null).map((level) => `${level} ${sensor.limits[level]}`).join(' · ');

  return {
    registry,
    fill,
    nameOf,
    isZh,
    sensorLabel: (sensors, assets) => (sensor) => {
      const asset = assets.find((a) => a.id === sensor.assetId);
      return `${asset ? `${asset.code} ${nameOf(asset)}` : ''} / ${nameOf(sensor)} (${sensor.unit})${sensor.statutory ? ' ★' : ''}`;
    },
    /** Sensor picker with the limits of the registry under it. */
    sensorPicker: (node, hint) => {
      void registry().then((r) => {
        fill('#node-input-sensorId', r.sensors, node.sensorId, window.parkwarden.sensorLabel(r.sensors, r.assets));
        const show = () => {
          const sensor = r.sensors.find((s) => s.id === $('#node-input-sensorId').val());
          $('#pw-limits').text(sensor ? `${hint}: ${limitsOf(sensor) || '–'} ${sensor.unit}${sensor.statutory ? ' ★' : ''}` : '');
          $('.pw-unit').text(sensor ? sensor.unit : '');
        };
        $('#node-input-sensorId').on('change', show);
        show();
      });
    },
    isNumber: (value) => value !== '' && value !== null && Number.isFinite(Number(value)),
    isAtLeast: (min) => (value) => value === '' || value === undefined || (Number.isFinite(Number(value)) && Number(value) >= min),
  };
})();

/** Photos and videos for tests, good and bad. */
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { encodePng, makePhoto, pngChunk } from '../../deploy/demo-park/photo.ts';

/** 上海市人民广场; what a phone writes into a photo taken there. */
export const PLACE = { latitude: 31.230_55, longitude: 121.473_7 };

/** A JPEG of 40 x 20, to be turned upright, with time, place and a comment that is a script. */
export const photoWithExif = (seed = 'exif'): Promise<Buffer> =>
  sharp(makePhoto(seed, 40, 20))
    .withExif({
      IFD0: { Make: 'Camera <b>', Model: 'Model 1', ImageDescription: '<script>alert(1)</script>' },
      IFD2: { DateTimeOriginal: '2026:11:24 09:30:00', OffsetTimeOriginal: '+08:00' },
      IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '31/1 13/1 4998/100', GPSLongitudeRef: 'E', GPSLongitude: '121/1 28/1 2532/100', GPSAltitude: '45/10' },
    })
    .withMetadata({ orientation: 6 })
    .jpeg()
    .toBuffer();

/** A whole picture of 16,383 x 16,383 in some ten kilobytes. */
export const pixelBomb = (edge = 16_383): Buffer => {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(edge, 0);
  header.writeUInt32BE(edge, 4);
  header.set([1, 0, 0, 0, 0], 8);
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), pngChunk('IHDR', header), pngChunk('IDAT', deflateSync(Buffer.alloc((1 + Math.ceil(edge / 8)) * edge))), pngChunk('IEND', Buffer.alloc(0))]);
};

export const manyFrames = (frames = 10_000): Buffer => {
  const frame = Buffer.from('21f904000100000000' + '2c000000000100010000' + '02024401' + '00', 'hex');
  return Buffer.concat([Buffer.from('GIF89a', 'latin1'), Buffer.from('01000100800000000000ffffff', 'hex'), ...Array.from({ length: frames }, () => frame), Buffer.from(';')]);
};

export const animatedPng = (): Buffer => encodePng(4, 4, () => [9], { chunks: [pngChunk('acTL', Buffer.from([0, 0, 0, 2, 0, 0, 0, 0]))] });

export const animatedWebp = (): Promise<Buffer> => sharp([makePhoto('one'), makePhoto('two')], { join: { animated: true } }).webp().toBuffer();

const box = (type: string, ...content: Buffer[]): Buffer => {
  const body = Buffer.concat(content);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(body.length + 8);
  head.write(type, 4, 'latin1');
  return Buffer.concat([head, body]);
};
const u32 = (...numbers: number[]): Buffer => {
  const out = Buffer.alloc(4 * numbers.length);
  numbers.forEach((n, i) => out.writeUInt32BE(n, i * 4));
  return out;
};
const FTYP = box('ftyp', Buffer.from('isom'), u32(512), Buffer.from('isomiso2mp41'));
const track = (handler: string, offset: number, sizes: number[], about: Buffer[] = []): Buffer =>
  box('trak', box('tkhd', Buffer.alloc(84)), ...about, box('mdia', box('mdhd', Buffer.alloc(24)), box('hdlr', u32(0, 0), Buffer.from(handler), Buffer.alloc(13)),
    box('minf', box('stbl', box('stsd', u32(0, 0)), box('stts', u32(0, 0)), box('stsc', u32(0, 1, 1, sizes.length, 1)), box('stsz', u32(0, 0, sizes.length, ...sizes)), box('stco', u32(0, 1, offset))))));

/** 2026-11-24T01:30:00Z, in seconds from 1904. */
const CREATED = Date.parse('2026-11-24T01:30:00Z') / 1000 + 2_082_844_800;
const movie = (...content: Buffer[]): Buffer => box('moov', box('mvhd', u32(0, CREATED, CREATED, 1000, 5000), Buffer.alloc(80)), ...content);

const PICTURES = 'PICTURES AND SOUND';
const PLACES = 'PLACE 31.2305,121.4737';

/** The container of a video of a phone: pictures, a track of places, the place of the whole, and space with words in it. */
export const videoWithPlace = (): Buffer => {
  const mdat = box('mdat', Buffer.from(PICTURES + PLACES));
  const at = FTYP.length + 8;
  const place = box('udta', box('\xa9xyz', Buffer.from('\0\x12\x15\xc7+31.2305+121.4737+004.5/', 'latin1')));
  return Buffer.concat([FTYP, mdat, movie(track('vide', at, [PICTURES.length], [box('tref', Buffer.from('cdsc0001'))]), track('meta', at + PICTURES.length, [10, PLACES.length - 10]), place), box('free', Buffer.from('my home')), box('sefd', Buffer.from('my home again'))]);
};

/** Nothing in it has to be taken out. `mediaBytes` of pictures follow `head` and come before `tail`. */
export const plainVideo = (mediaBytes: number): { head: Buffer; tail: Buffer } => {
  const size = Buffer.alloc(8);
  size.writeUInt32BE(mediaBytes + 8);
  size.write('mdat', 4, 'latin1');
  return { head: Buffer.concat([FTYP, size]), tail: movie(track('vide', FTYP.length + 8, [mediaBytes])) };
};
export const smallVideo = (content = PICTURES): Buffer => {
  const { head, tail } = plainVideo(content.length);
  return Buffer.concat([head, Buffer.from(content), tail]);
};

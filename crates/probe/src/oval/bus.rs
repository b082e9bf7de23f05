//! As much of D-Bus as asking the service manager takes: a call, and the values of its answer.

use std::io::{self, Read as _, Write as _};

use crate::host::Conversation;

/// The largest message; the protocol allows eight times as much.
const MESSAGE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Signals and answers to others that may come before the answer.
const OTHER_MESSAGES_MAX: usize = 1000;
/// A line of the handshake.
const LINE_BYTES_MAX: usize = 16 * 1024;
/// Values inside one another; the protocol allows as many.
const DEPTH_MAX: usize = 64;
/// Values of one message.
const VALUES_MAX: usize = 2_000_000;

/// Kinds of messages.
const CALL: u8 = 1;
const ANSWER: u8 = 2;
const ERROR: u8 = 3;

/// Why the bus gave no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum BusError {
    /// Reading or writing failed, or took too long.
    #[error("the conversation with the bus broke off")]
    Io(#[from] io::Error),
    /// The bus does not let us in.
    #[error("the bus refuses us: {answer}")]
    Refused {
        /// What it said.
        answer: String,
    },
    /// The call was answered with an error.
    #[error("`{call}` was answered with an error")]
    Failed {
        /// What was called.
        call: String,
    },
    /// What came is no message.
    #[error("the bus sent what is no message")]
    Malformed,
}

/// A value of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Datum {
    /// A text, a path of an object, or a signature.
    Text(String),
    /// A truth.
    Bool(bool),
    /// A signed number, or an unsigned one that fits.
    Int(i64),
    /// An unsigned number.
    Unsigned(u64),
    /// A number with a fraction.
    Float(f64),
    /// The elements of an array.
    Array(Vec<Datum>),
    /// The fields of a structure, or key and value of an entry.
    Fields(Vec<Datum>),
}

/// A connection to a bus.
pub(super) struct Bus {
    stream: Box<dyn Conversation>,
    serial: u32,
}

/// Which object is asked what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'c> {
    pub(super) destination: &'c str,
    pub(super) path: &'c str,
    pub(super) interface: &'c str,
    pub(super) member: &'c str,
    /// Texts; no other arguments are needed.
    pub(super) arguments: &'c [&'c str],
}

impl Bus {
    /// Introduces ourselves as the user we are.
    pub(super) fn open(mut stream: Box<dyn Conversation>) -> Result<Self, BusError> {
        let uid: String = rustix::process::geteuid().as_raw().to_string();
        let digits: String = uid.bytes().map(|byte| format!("{byte:02x}")).collect();
        stream.write_all(format!("\0AUTH EXTERNAL {digits}\r\n").as_bytes())?;
        let answer = line(&mut *stream)?;
        if !answer.starts_with("OK ") {
            return Err(BusError::Refused { answer });
        }
        stream.write_all(b"BEGIN\r\n")?;
        let mut bus = Self { stream, serial: 0 };
        bus.call(Call {
            destination: "org.freedesktop.DBus",
            path: "/org/freedesktop/DBus",
            interface: "org.freedesktop.DBus",
            member: "Hello",
            arguments: &[],
        })?;
        Ok(bus)
    }

    /// Calls, and waits for the answer.
    pub(super) fn call(&mut self, call: Call<'_>) -> Result<Vec<Datum>, BusError> {
        self.serial = self.serial.wrapping_add(1).max(1);
        self.stream.write_all(&message(call, self.serial))?;
        for _ in 0..OTHER_MESSAGES_MAX {
            let received = self.receive()?;
            if received.reply_to != Some(self.serial) {
                continue;
            }
            return match received.kind {
                ANSWER => received.body(),
                ERROR => Err(BusError::Failed { call: call.member.to_owned() }),
                _ => Err(BusError::Malformed),
            };
        }
        Err(BusError::Malformed)
    }

    fn receive(&mut self) -> Result<Received, BusError> {
        let mut head = [0; 16];
        self.stream.read_exact(&mut head)?;
        let [order, kind, _, _, lengths @ ..] = head;
        let is_big = match order {
            b'l' => false,
            b'B' => true,
            _ => return Err(BusError::Malformed),
        };
        let mut lengths = Reader::new(&lengths, is_big);
        let body_bytes = lengths.length()?;
        lengths.number(4)?;
        let fields_bytes = lengths.length()?;
        let padded = fields_bytes.checked_next_multiple_of(8).ok_or(BusError::Malformed)?;
        let rest =
            padded.checked_add(body_bytes).filter(|bytes| *bytes <= MESSAGE_BYTES_MAX).ok_or(BusError::Malformed)?;
        let mut bytes = vec![0; rest];
        self.stream.read_exact(&mut bytes)?;
        let (fields, body) = bytes.split_at_checked(padded).ok_or(BusError::Malformed)?;
        let fields = fields.get(..fields_bytes).ok_or(BusError::Malformed)?;
        let mut reader = Reader::new(fields, is_big);
        let (mut reply_to, mut signature) = (None, String::new());
        while reader.at < fields.len() {
            reader.align(8)?;
            let code = reader.number(1)?;
            match (code, reader.variant(0)?) {
                (5, Datum::Unsigned(serial)) => reply_to = u32::try_from(serial).ok(),
                (8, Datum::Text(text)) => signature = text,
                _ => {}
            }
        }
        Ok(Received { kind, reply_to, signature, body: body.to_vec(), is_big })
    }
}

fn line(stream: &mut dyn Conversation) -> Result<String, BusError> {
    let mut text = Vec::new();
    let mut byte = [0];
    while !text.ends_with(b"\r\n") {
        if text.len() >= LINE_BYTES_MAX {
            return Err(BusError::Malformed);
        }
        stream.read_exact(&mut byte)?;
        text.extend_from_slice(&byte);
    }
    Ok(String::from_utf8_lossy(&text).trim_end().to_owned())
}

/// Writes a call. All numbers are in little-endian order, and say so.
fn message(call: Call<'_>, serial: u32) -> Vec<u8> {
    fn pad(bytes: &mut Vec<u8>, to: usize) {
        bytes.resize(bytes.len().next_multiple_of(to), 0);
    }
    fn text(bytes: &mut Vec<u8>, text: &str) {
        pad(bytes, 4);
        bytes.extend(u32::try_from(text.len()).unwrap_or(0).to_le_bytes());
        bytes.extend_from_slice(text.as_bytes());
        bytes.push(0);
    }
    let mut body = Vec::new();
    for argument in call.arguments {
        text(&mut body, argument);
    }
    let mut fields = Vec::new();
    let named =
        [(1_u8, b'o', call.path), (2, b's', call.interface), (3, b's', call.member), (6, b's', call.destination)];
    for (code, kind, value) in named {
        pad(&mut fields, 8);
        fields.extend([code, 1, kind, 0]);
        text(&mut fields, value);
    }
    if !call.arguments.is_empty() {
        pad(&mut fields, 8);
        let count = u8::try_from(call.arguments.len()).unwrap_or(u8::MAX);
        fields.extend([8, 1, b'g', 0, count]);
        fields.extend(call.arguments.iter().map(|_| b's'));
        fields.push(0);
    }
    let mut bytes = vec![b'l', CALL, 0, 1];
    bytes.extend(u32::try_from(body.len()).unwrap_or(0).to_le_bytes());
    bytes.extend(serial.to_le_bytes());
    bytes.extend(u32::try_from(fields.len()).unwrap_or(0).to_le_bytes());
    bytes.extend(fields);
    pad(&mut bytes, 8);
    bytes.extend(body);
    bytes
}

struct Received {
    kind: u8,
    reply_to: Option<u32>,
    signature: String,
    body: Vec<u8>,
    is_big: bool,
}

impl Received {
    fn body(&self) -> Result<Vec<Datum>, BusError> {
        let mut reader = Reader::new(&self.body, self.is_big);
        let mut signature = self.signature.as_str();
        let mut values = Vec::new();
        while !signature.is_empty() {
            let (value, rest) = reader.value(signature, 0)?;
            values.push(value);
            signature = rest;
        }
        Ok(values)
    }
}

struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
    is_big: bool,
    values_left: usize,
}

impl<'b> Reader<'b> {
    const fn new(bytes: &'b [u8], is_big: bool) -> Self {
        Self { bytes, at: 0, is_big, values_left: VALUES_MAX }
    }

    fn take(&mut self, count: usize) -> Result<&'b [u8], BusError> {
        let end = self.at.checked_add(count).ok_or(BusError::Malformed)?;
        let taken = self.bytes.get(self.at..end).ok_or(BusError::Malformed)?;
        self.at = end;
        Ok(taken)
    }

    fn align(&mut self, to: usize) -> Result<(), BusError> {
        let padding = self.at.next_multiple_of(to) - self.at;
        self.take(padding).map(drop)
    }

    /// An unsigned number of so many bytes, at its boundary.
    fn number(&mut self, bytes: usize) -> Result<u64, BusError> {
        self.align(bytes)?;
        let is_big = self.is_big;
        let taken = self.take(bytes)?;
        let fold = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
        Ok(if is_big { taken.iter().fold(0, fold) } else { taken.iter().rev().fold(0, fold) })
    }

    fn length(&mut self) -> Result<usize, BusError> {
        usize::try_from(self.number(4)?).map_err(|_| BusError::Malformed)
    }

    fn text(&mut self, length: usize) -> Result<String, BusError> {
        let text = String::from_utf8_lossy(self.take(length)?).into_owned();
        self.take(1)?;
        Ok(text)
    }

    fn variant(&mut self, depth: usize) -> Result<Datum, BusError> {
        let length = usize::try_from(self.number(1)?).map_err(|_| BusError::Malformed)?;
        let signature = self.text(length)?;
        let (value, rest) = self.value(&signature, depth + 1)?;
        if rest.is_empty() { Ok(value) } else { Err(BusError::Malformed) }
    }

    /// Reads the first value of a signature; returns what is left of it.
    fn value<'s>(&mut self, signature: &'s str, depth: usize) -> Result<(Datum, &'s str), BusError> {
        self.values_left = self.values_left.checked_sub(1).ok_or(BusError::Malformed)?;
        if depth > DEPTH_MAX {
            return Err(BusError::Malformed);
        }
        let mut codes = signature.chars();
        let code = codes.next().ok_or(BusError::Malformed)?;
        let rest = codes.as_str();
        let signed = |number: u64, bits: u32| {
            // The sign is in the highest of the bits that were read.
            let shift = 64 - bits;
            Datum::Int((number << shift).cast_signed() >> shift)
        };
        let value = match code {
            'y' => Datum::Unsigned(self.number(1)?),
            'b' => Datum::Bool(self.number(4)? != 0),
            'n' => signed(self.number(2)?, 16),
            'q' => Datum::Unsigned(self.number(2)?),
            'i' => signed(self.number(4)?, 32),
            'u' | 'h' => Datum::Unsigned(self.number(4)?),
            'x' => Datum::Int(self.number(8)?.cast_signed()),
            't' => Datum::Unsigned(self.number(8)?),
            'd' => Datum::Float(f64::from_bits(self.number(8)?)),
            's' | 'o' => {
                let length = self.length()?;
                Datum::Text(self.text(length)?)
            }
            'g' => {
                let length = usize::try_from(self.number(1)?).map_err(|_| BusError::Malformed)?;
                Datum::Text(self.text(length)?)
            }
            'v' => self.variant(depth)?,
            'a' => return self.array(rest, depth),
            '(' => return self.fields(rest, ')', depth),
            '{' => return self.fields(rest, '}', depth),
            _ => return Err(BusError::Malformed),
        };
        Ok((value, rest))
    }

    fn array<'s>(&mut self, element: &'s str, depth: usize) -> Result<(Datum, &'s str), BusError> {
        let bytes = self.length()?;
        let rest = after_one(element, depth)?;
        self.align(match element.chars().next() {
            Some('x' | 't' | 'd' | '(' | '{') => 8,
            Some('y' | 'g' | 'v') => 1,
            Some('n' | 'q') => 2,
            _ => 4,
        })?;
        let end = self.at.checked_add(bytes).filter(|end| *end <= self.bytes.len()).ok_or(BusError::Malformed)?;
        let mut elements = Vec::new();
        while self.at < end {
            elements.push(self.value(element, depth + 1)?.0);
        }
        Ok((Datum::Array(elements), rest))
    }

    fn fields<'s>(
        &mut self,
        mut signature: &'s str,
        closing: char,
        depth: usize,
    ) -> Result<(Datum, &'s str), BusError> {
        self.align(8)?;
        let mut fields = Vec::new();
        loop {
            if let Some(rest) = signature.strip_prefix(closing) {
                return Ok((Datum::Fields(fields), rest));
            }
            let (value, rest) = self.value(signature, depth + 1)?;
            fields.push(value);
            signature = rest;
        }
    }
}

/// What is left of a signature after its first complete type.
fn after_one(signature: &str, depth: usize) -> Result<&str, BusError> {
    if depth > DEPTH_MAX {
        return Err(BusError::Malformed);
    }
    let mut codes = signature.chars();
    let closing = match codes.next().ok_or(BusError::Malformed)? {
        'a' => return after_one(codes.as_str(), depth + 1),
        '(' => ')',
        '{' => '}',
        _ => return Ok(codes.as_str()),
    };
    let mut rest = codes.as_str();
    loop {
        if let Some(rest) = rest.strip_prefix(closing) {
            return Ok(rest);
        }
        rest = after_one(rest, depth + 1)?;
    }
}

#[cfg(test)]
mod tests;

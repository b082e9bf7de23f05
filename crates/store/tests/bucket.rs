//! Blobs in a bucket: a small S3 of our own answers, over plain HTTP.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use yagura_store::{BlobError, Blobs, open_blobs};

/// The bucket: what was put, and parts of uploads that are not complete.
#[derive(Default)]
struct Bucket {
    objects: BTreeMap<String, Vec<u8>>,
    parts: BTreeMap<u32, Vec<u8>>,
    /// The `Authorization` headers that came.
    signed: usize,
}

struct Request {
    method: String,
    path: String,
    query: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    if reader.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (name.to_owned(), value.replace("%2F", "/"))
    };
    let query = query.split('&').filter(|text| !text.is_empty()).map(pair).collect();
    Some(Request { method, path: path.to_owned(), query, headers, body })
}

/// Status, further headers, body.
fn answer(bucket: &mut Bucket, request: Request) -> (u16, String, Vec<u8>) {
    bucket.signed += usize::from(request.headers.contains_key("authorization"));
    let name = request.path.trim_start_matches("/bucket").trim_start_matches('/').to_owned();
    let query = |name: &str| request.query.get(name);
    match request.method.as_str() {
        "PUT" => {
            match query("partNumber") {
                Some(number) => bucket.parts.insert(number.parse().unwrap(), request.body),
                None => bucket.objects.insert(name, request.body),
            };
            (200, "etag: \"tag\"\r\n".into(), Vec::new())
        }
        "POST" if query("uploads").is_some() => {
            let body = "<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>";
            (200, String::new(), body.into())
        }
        "POST" if query("delete").is_some() => {
            let body = String::from_utf8(request.body).unwrap();
            let mut answer = String::from("<DeleteResult>");
            for key in body.split("<Key>").skip(1).filter_map(|rest| rest.split('<').next()) {
                bucket.objects.remove(key);
                answer.push_str(&format!("<Deleted><Key>{key}</Key></Deleted>"));
            }
            answer.push_str("</DeleteResult>");
            (200, String::new(), answer.into())
        }
        "POST" => {
            let whole = std::mem::take(&mut bucket.parts).into_values().flatten().collect();
            bucket.objects.insert(name, whole);
            let body = "<CompleteMultipartUploadResult><ETag>\"tag\"</ETag></CompleteMultipartUploadResult>";
            (200, String::new(), body.into())
        }
        "DELETE" => {
            bucket.parts.clear();
            (204, String::new(), Vec::new())
        }
        "GET" if query("list-type").is_some() => {
            let prefix = query("prefix").cloned().unwrap_or_default();
            let mut body = String::from("<ListBucketResult>");
            let mut folders = std::collections::BTreeSet::new();
            for (name, object) in bucket.objects.iter().filter(|(name, _)| name.starts_with(&prefix)) {
                match name[prefix.len()..].split_once('/') {
                    Some((folder, _)) => drop(folders.insert(format!("{prefix}{folder}/"))),
                    None => body.push_str(&format!(
                        "<Contents><Key>{name}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>\
                         <ETag>\"tag\"</ETag><Size>{}</Size></Contents>",
                        object.len()
                    )),
                }
            }
            for folder in folders {
                body.push_str(&format!("<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>"));
            }
            body.push_str("</ListBucketResult>");
            (200, String::new(), body.into())
        }
        _ => {
            let Some(object) = bucket.objects.get(&name) else { return (404, String::new(), Vec::new()) };
            let common = "last-modified: Thu, 01 Jan 2026 00:00:00 GMT\r\netag: \"tag\"\r\n";
            match request.headers.get("range").and_then(|range| range.strip_prefix("bytes=")?.split_once('-')) {
                Some((from, to)) => {
                    let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap());
                    let range = format!("content-range: bytes {from}-{to}/{}\r\n", object.len());
                    (206, format!("{common}{range}"), object[from..=to].to_vec())
                }
                None => (200, common.into(), object.clone()),
            }
        }
    }
}

fn serve(bucket: &Arc<Mutex<Bucket>>, stream: TcpStream) {
    let mut writer = stream.try_clone().unwrap();
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader) {
        let is_head = request.method == "HEAD";
        let (status, headers, body) = answer(&mut bucket.lock().unwrap(), request);
        let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
        writer.write_all(head.as_bytes()).unwrap();
        if !is_head {
            writer.write_all(&body).unwrap();
        }
    }
}

fn bucket() -> (Arc<Mutex<Bucket>>, Box<dyn Blobs>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let bucket = Arc::new(Mutex::new(Bucket::default()));
    let served = Arc::clone(&bucket);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let served = Arc::clone(&served);
            std::thread::spawn(move || serve(&served, stream.unwrap()));
        }
    });
    let environment = [
        ("AWS_ENDPOINT_URL", format!("http://{address}")),
        ("AWS_ALLOW_HTTP", "true".into()),
        ("AWS_REGION", "us-east-1".into()),
        ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE".into()),
        ("AWS_SECRET_ACCESS_KEY", "secret".into()),
        ("HOME", "is not for it".into()),
    ];
    let blobs = open_blobs("s3://bucket/yagura", environment.map(|(name, value)| (name.to_owned(), value))).unwrap();
    (bucket, blobs)
}

#[test]
fn a_bucket_keeps_blobs_below_its_prefix() {
    let (bucket, blobs) = bucket();
    blobs.put("snapshots/ab/abcd", b"one").unwrap();
    blobs.put("reports/b", b"two").unwrap();
    assert_eq!(blobs.get("snapshots/ab/abcd").unwrap(), b"one");
    let names: Vec<String> = blobs.list("").unwrap().into_iter().map(|entry| entry.name).collect();
    assert_eq!(names, ["reports/b", "snapshots/ab/abcd"]);
    blobs.delete("reports/b").unwrap();
    assert!(matches!(blobs.get("reports/b"), Err(BlobError::NotFound { .. })));
    let bucket = bucket.lock().unwrap();
    assert_eq!(bucket.objects.keys().collect::<Vec<_>>(), ["yagura/snapshots/ab/abcd"]);
    assert!(bucket.signed > 0);
}

#[test]
fn large_blobs_pass_a_bucket_in_parts() {
    let (bucket, blobs) = bucket();
    let bytes: Vec<u8> = (0..20_000_000).map(|number: usize| u8::try_from(number % 251).unwrap()).collect();
    blobs.put_from("reports/a", &mut bytes.as_slice()).unwrap();
    assert!(bucket.lock().unwrap().objects["yagura/reports/a"] == bytes);
    let (size, mut reader) = blobs.open("reports/a").unwrap();
    let mut back = Vec::new();
    reader.read_to_end(&mut back).unwrap();
    assert!(size == 20_000_000 && back == bytes);
}
